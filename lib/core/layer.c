#include "core/layer.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/id.h"
#include "base/text.h"
#include "core/state.h"

#define ANY_WORK (STATE_BIT(LAYER_REST) | STATE_BIT(LAYER_MERGING) | STATE_BIT(LAYER_FLATTENING))

static const struct state works[] = {
    [LAYER_REST] = {"rest", 0, ANY_WORK},
    [LAYER_MERGING] = {"merging", 0, STATE_BIT(LAYER_REST)},
    [LAYER_FLATTENING] = {"flattening", 0, STATE_BIT(LAYER_REST)},
};

const struct state_table layer_works = {"layer", works, ARRAY_SIZE(works)};

static const struct layer_node *node_of(const struct layer_tree *tree, const char *id)
{
    for (size_t i = 0; id != NULL && i < tree->n; i++)
        if (streq(tree->v[i].layer->id, id))
            return &tree->v[i];
    return NULL;
}

static size_t children(const struct layer_tree *tree, const struct layer *layer)
{
    size_t n = 0;
    for (size_t i = 0; i < tree->n; i++)
        n += streq(tree->v[i].layer->parent_id, layer->id);
    return n;
}

/* Nobody but those that stand on it wants it. */
static bool is_unheld(const struct layer_node *n)
{
    return n->snapshots == 0 && n->volume_id == NULL;
}

static bool is_above(const struct layer_tree *tree, const struct layer *upper,
                     const struct layer *lower)
{
    const struct layer_node *n = node_of(tree, upper->id);
    for (size_t steps = 0; n != NULL && steps <= tree->n; steps++) {
        if (n->layer == lower)
            return true;
        n = node_of(tree, n->layer->parent_id);
    }
    return false;
}

size_t layer_depth(const struct layer_tree *tree, const struct layer *layer)
{
    size_t depth = 0;
    const struct layer_node *n = node_of(tree, layer->id);
    for (; n != NULL && depth <= tree->n; depth++)
        n = node_of(tree, n->layer->parent_id);
    return depth;
}

/* Who reads a layer, through the chains of volumes. */
struct readers {
    const struct layer_node *live;
    size_t n_live;
    bool unsettled;
    bool starting;
};

static struct readers readers_of(const struct layer_tree *tree, const struct layer *layer)
{
    struct readers r = {0};
    for (size_t i = 0; i < tree->n; i++) {
        const struct layer_node *n = &tree->v[i];
        if (n->volume_id == NULL || !is_above(tree, n->layer, layer))
            continue;
        r.unsettled |= !n->settled;
        r.starting |= n->starting;
        if (n->live_id != NULL) {
            r.live = n;
            r.n_live++;
        }
    }
    return r;
}

/* Is the layer below of no other use than to this one? */
static bool is_alone_on(const struct layer_tree *tree, const struct layer_node *below)
{
    return below != NULL && is_unheld(below) && children(tree, below->layer) == 1;
}

/* What is in one must not get into the other: one of them is encrypted. */
static bool must_stay_apart(const struct layer_node *n, const struct layer_node *below)
{
    return !streq(n->layer->key_id, below->layer->key_id);
}

static struct layer_step merge_step(const struct layer_tree *tree, const struct layer_node *n)
{
    const struct layer_node *below = node_of(tree, n->layer->parent_id);
    struct readers r = readers_of(tree, n->layer);
    bool begun = n->layer->work == LAYER_MERGING;
    if (!is_alone_on(tree, below) || must_stay_apart(n, below))
        return (struct layer_step){begun ? LAYER_STEP_CANCEL : LAYER_STEP_NONE, n->layer, NULL};
    /* Starts that come after the beginning wait for the end of it. */
    if (r.n_live > 1 || n->live_id != NULL || (!begun && (r.starting || r.unsettled)))
        return (struct layer_step){begun ? LAYER_STEP_CANCEL : LAYER_STEP_NONE, n->layer, NULL};
    return (struct layer_step){LAYER_STEP_MERGE, n->layer, r.live};
}

static bool is_too_deep(const struct layer_tree *tree, const struct layer_node *n)
{
    return n->volume_id != NULL && n->settled && children(tree, n->layer) == 0 &&
           layer_depth(tree, n->layer) > LAYERS_MAX && !n->starting;
}

/* It would be merged, if that were not for its key. */
static bool is_to_stand_alone(const struct layer_tree *tree, const struct layer_node *n)
{
    const struct layer_node *below = node_of(tree, n->layer->parent_id);
    bool begun = n->layer->work == LAYER_FLATTENING;
    if (n->pending || !is_alone_on(tree, below) || !must_stay_apart(n, below))
        return false;
    if (n->live_id != NULL) /* its QEMU copies into what it writes, and into nothing else */
        return n->settled && !n->starting && children(tree, n->layer) == 0;
    struct readers r = readers_of(tree, n->layer);
    return r.n_live == 0 && (begun || (!r.starting && !r.unsettled));
}

static struct layer_step flatten_step(const struct layer_tree *tree, const struct layer_node *n)
{
    bool begun = n->layer->work == LAYER_FLATTENING;
    if (!is_too_deep(tree, n) && !is_to_stand_alone(tree, n))
        return (struct layer_step){begun ? LAYER_STEP_CANCEL : LAYER_STEP_NONE, n->layer, NULL};
    return (struct layer_step){LAYER_STEP_FLATTEN, n->layer, n->live_id != NULL ? n : NULL};
}

struct layer_step layer_next_step(const struct layer_tree *tree)
{
    struct layer_step s = {0};
    for (size_t i = 0; i < tree->n; i++)
        if (is_unheld(&tree->v[i]) && children(tree, tree->v[i].layer) == 0)
            return (struct layer_step){LAYER_STEP_REMOVE, tree->v[i].layer, NULL};
    for (size_t i = 0; i < tree->n; i++) {
        if (tree->v[i].layer->work == LAYER_MERGING)
            return merge_step(tree, &tree->v[i]);
        if (tree->v[i].layer->work == LAYER_FLATTENING)
            return flatten_step(tree, &tree->v[i]);
    }
    for (size_t i = 0; i < tree->n && s.what == LAYER_STEP_NONE; i++)
        s = merge_step(tree, &tree->v[i]);
    for (size_t i = 0; i < tree->n && s.what == LAYER_STEP_NONE; i++)
        s = flatten_step(tree, &tree->v[i]);
    return s;
}

bool layer_id_ok(const char *id)
{
    const char *dot = strchr(id, '.');
    size_t len = dot == NULL ? strlen(id) : (size_t)(dot - id);
    char volume[ID_SIZE];
    if (len >= sizeof(volume))
        return false;
    memcpy(volume, id, len);
    volume[len] = '\0';
    if (!id_is_wellformed(volume, "vol"))
        return false;
    size_t digits = dot == NULL ? 0 : strspn(dot + 1, "0123456789");
    return dot == NULL || (digits > 0 && digits <= 9 && dot[1 + digits] == '\0');
}

const char *layer_id_make(struct arena *a, const char *volume_id, int64_t number)
{
    return number == 1 ? volume_id : arena_printf(a, "%s.%lld", volume_id, (long long)number);
}
