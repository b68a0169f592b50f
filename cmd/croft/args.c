#include "croft/args.h"

#include <ctype.h>
#include <string.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/file.h"
#include "base/text.h"
#include "croft/convert.h"
#include "croft/custom.h"
#include "croft/names.h"
#include "croft/shorthand.h"

enum {
    GENERAL_JSON,
    GENERAL_SKELETON,
    GENERAL_NO_PAGES,
    GENERAL_PAGE_SIZE,
    GENERAL_MAX_ITEMS,
    GENERAL_STARTING_TOKEN
};

static const struct flag general_flags[] = {
    {"cli-input-json", FLAG_GENERAL, .id = GENERAL_JSON,
     .help = "The members as one JSON object, or file://FILE; flags win over it"},
    {"generate-cli-skeleton", FLAG_GENERAL, .id = GENERAL_SKELETON,
     .help = "Print such an object to fill in, and send nothing"},
};

static const struct flag page_flags[] = {
    {"no-paginate", FLAG_GENERAL, .id = GENERAL_NO_PAGES, .help = "The first page alone"},
    {"page-size", FLAG_GENERAL, .id = GENERAL_PAGE_SIZE, .help = "Items to ask for in each call"},
    {"max-items", FLAG_GENERAL, .id = GENERAL_MAX_ITEMS,
     .help = "Items to print; NextToken tells where to go on"},
    {"starting-token", FLAG_GENERAL, .id = GENERAL_STARTING_TOKEN, .help = "Where to go on"},
};

/* A structure around one boolean, {"Value": true}: --flag and --no-flag do, too. */
static bool is_boolean_value(const struct wire_field *field)
{
    return field->kind == WIRE_STRUCT && !field->list && field->sub->n == 1 &&
           field->sub->fields[0].kind == WIRE_BOOL && streq(field->sub->fields[0].member, "Value");
}

static bool is_text_value(const struct wire_field *field)
{
    return field->kind == WIRE_STRUCT && !field->list && field->sub->n == 1 &&
           field->sub->fields[0].kind == WIRE_STR && streq(field->sub->fields[0].member, "Value");
}

static enum flag_kind kind_of(const struct wire_field *field)
{
    if (field->list)
        return FLAG_LIST;
    if (is_boolean_value(field))
        return FLAG_VALUE_ON;
    if (field->kind == WIRE_STRUCT)
        return FLAG_STRUCT;
    return field->kind == WIRE_BOOL ? FLAG_ON : FLAG_SCALAR;
}

static bool is_paged(const struct wire_action *action)
{
    return action->input != NULL && action->output != NULL &&
           wire_field_by_member(action->input, "NextToken") != NULL &&
           wire_field_by_member(action->output, "NextToken") != NULL;
}

struct flags flags_of(struct arena *a, const struct wire_action *action)
{
    struct flags flags = {0};
    size_t n = action->input == NULL ? 0 : action->input->n;

    for (size_t i = 0; i < n; i++) {
        const struct wire_field *field = &action->input->fields[i];
        struct flag flag = {.name = name_of_member(a, field->member),
                            .kind = kind_of(field),
                            .field = field,
                            .required = field->required};

        if (!is_input(field))
            continue;
        *arena_append(a, &flags) = flag;
        if (flag.kind == FLAG_ON || flag.kind == FLAG_VALUE_ON) {
            /* The AWS CLI's own name for one of them. */
            flag.name = flag.kind == FLAG_ON && streq(field->member, "DisableApiTermination")
                            ? "enable-api-termination"
                            : arena_printf(a, "no-%s", flag.name);
            flag.kind = FLAG_OFF;
            flag.required = false;
            *arena_append(a, &flags) = flag;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(general_flags); i++)
        *arena_append(a, &flags) = general_flags[i];
    for (size_t i = 0; is_paged(action) && i < ARRAY_SIZE(page_flags); i++)
        *arena_append(a, &flags) = page_flags[i];
    custom_flags(a, action, &flags);
    return flags;
}

int args_read_word(struct arena *a, const char *word, const char **ret_data, size_t *ret_len,
                   struct err *e)
{
    _cleanup_buf_ struct buf content = BUF_INIT(ARGS_FILE_MAX);
    CHECK(word != NULL);
    const char *path = word;
    int r;

    if (has_prefix(word, "file://"))
        path += strlen("file://");
    else if (has_prefix(word, "fileb://"))
        path += strlen("fileb://");
    if (path == word) {
        *ret_data = word;
        *ret_len = strlen(word);
        return 0;
    }
    if (has_prefix(path, "~/") && !str_empty(getenv("HOME")))
        path = arena_printf(a, "%s%s", getenv("HOME"), path + 1);
    r = file_read(path, &content, e);
    if (r < 0)
        return r;
    *ret_data = arena_memdup(a, buf_str(&content), content.len + 1);
    *ret_len = content.len;
    return 0;
}

/* The flag of this name or of an unambiguous beginning of it. */
static const struct flag *find_flag(const struct flags *flags, const char *name, const char *verb,
                                    struct err *e)
{
    const struct flag *found = NULL;
    struct nearest nearest = {.name = name};

    for (size_t i = 0; i < flags->n; i++) {
        if (streq(flags->v[i].name, name))
            return &flags->v[i];
    }
    for (size_t i = 0; i < flags->n; i++) {
        const struct flag *flag = &flags->v[i];

        nearest_offer(&nearest, flag->name);
        if (*name == '\0' || !has_prefix(flag->name, name))
            continue;
        if (found != NULL) {
            err_set(e, EINVAL, "--%s could be --%s or --%s", name, found->name, flag->name);
            return NULL;
        }
        found = flag;
    }
    if (found != NULL)
        return found;
    if (streq(name, "query"))
        err_set(e, EINVAL, "there is no --query here: --output json goes well with jq");
    else if (nearest.best != NULL)
        err_set(e, EINVAL, "%s has no --%s; is it --%s?", verb, name, nearest.best);
    else
        err_set(e, EINVAL, "%s has no --%s", verb, name);
    return NULL;
}

/* Is it a flag and no value? A value may begin with a dash only as a negative number. */
static bool is_flag_word(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && !isdigit((unsigned char)word[1]);
}

static bool looks_like_json(const char *text, char with, char or_with)
{
    while (isspace((unsigned char)*text))
        text++;
    return *text == with || (or_with != '\0' && *text == or_with);
}

static json_t *load_json(const char *flag, const char *text, size_t len, struct err *e)
{
    json_error_t where;
    json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);

    if (value == NULL)
        err_set(e, EINVAL, "--%s: not JSON: %s (line %d, column %d)", flag, where.text, where.line,
                where.column);
    return value;
}

static json_t *put_in_value(json_t *value)
{
    return value == NULL ? NULL : json_pack("{s:o}", "Value", value);
}

/* One word of a flag whose member is a structure, or a list of structures. */
static json_t *structure_of_word(struct arena *a, const struct flag *flag, const char *path,
                                 const char *text, size_t len, struct err *e)
{
    _cleanup_json_ json_t *value = NULL;

    if (looks_like_json(text, '{', '\0')) {
        value = load_json(flag->name, text, len, e);
        if (value == NULL)
            return NULL;
        return convert_struct(a, flag->field->sub, path, value, CONVERT_JSON, e);
    }
    if (is_text_value(flag->field) && strchr(text, '=') == NULL)
        return put_in_value(convert_word(a, &flag->field->sub->fields[0], path, text, e));
    value = shorthand_parse(text, e);
    if (value == NULL) {
        err_wrap(e, -EINVAL, "%s", path);
        return NULL;
    }
    return convert_struct(a, flag->field->sub, path, value, CONVERT_WORDS, e);
}

static json_t *list_of_words(struct arena *a, const struct flag *flag, const char *path, size_t n,
                             char **words, struct err *e)
{
    _cleanup_json_ json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        const char *text = words[i];
        size_t len = strlen(text);
        const char *where = n == 1 ? path : arena_printf(a, "%s[%zu]", path, i);
        json_t *value;

        if (n == 1 && args_read_word(a, text, &text, &len, e) < 0)
            return NULL;
        if (n == 1 && looks_like_json(text, '[', '\0')) {
            _cleanup_json_ json_t *all = load_json(flag->name, text, len, e);
            if (all == NULL)
                return NULL;
            return convert_member(a, flag->field, path, all, CONVERT_JSON, e);
        }
        if (flag->field->kind == WIRE_STRUCT)
            value = structure_of_word(a, flag, where, text, len, e);
        else
            value = convert_word(a, flag->field, where, text, e);
        if (value == NULL)
            return NULL;
        json_array_append_new(list, value);
    }
    return TAKE(list);
}

static json_t *scalar_of_word(struct arena *a, const struct wire_action *action,
                              const struct flag *flag, const char *path, const char *word,
                              struct err *e)
{
    const char *data;
    size_t len;

    if (args_read_word(a, word, &data, &len, e) < 0)
        return NULL;
    if (custom_is_encoded(action, flag->field) ||
        (flag->field->kind == WIRE_BLOB && has_prefix(word, "fileb://")))
        return json_string(base64_encode(a, data, len));
    if (strlen(data) != len) {
        err_set(e, EINVAL, "%s is not text", path);
        return NULL;
    }
    return convert_word(a, flag->field, path, data, e);
}

static json_t *value_of(struct arena *a, const struct wire_action *action, const struct flag *flag,
                        size_t n, char **words, struct err *e)
{
    const char *path = arena_printf(a, "--%s", flag->name);
    const char *text;
    size_t len;

    switch (flag->kind) {
    case FLAG_ON:
        return json_true();
    case FLAG_OFF:
        if (flag->field->kind == WIRE_STRUCT)
            return put_in_value(json_false());
        return json_false();
    case FLAG_LIST:
        return list_of_words(a, flag, path, n, words, e);
    case FLAG_SCALAR:
        return scalar_of_word(a, action, flag, path, words[0], e);
    case FLAG_VALUE_ON:
        if (n == 0)
            return put_in_value(json_true());
        if (!looks_like_json(words[0], '{', '\0') && strchr(words[0], '=') == NULL)
            return put_in_value(convert_word(a, &flag->field->sub->fields[0], path, words[0], e));
        break;
    default:
        break;
    }
    if (args_read_word(a, words[0], &text, &len, e) < 0)
        return NULL;
    return structure_of_word(a, flag, path, text, len, e);
}

/* How many words the flag wants behind it. */
static void words_of_kind(const struct flag *flag, size_t *min, size_t *max)
{
    *min = *max = 1;
    switch (flag->kind) {
    case FLAG_ON:
    case FLAG_OFF:
    case FLAG_SWITCH:
        *min = *max = 0;
        break;
    case FLAG_VALUE_ON:
        *min = 0;
        break;
    case FLAG_LIST: /* --image-ids alone is an empty list */
        *min = 0;
        *max = ARGS_WORDS_MAX;
        break;
    case FLAG_GENERAL:
        if (flag->id == GENERAL_NO_PAGES || flag->id == GENERAL_SKELETON)
            *min = 0;
        *max = flag->id == GENERAL_NO_PAGES ? 0 : 1;
        break;
    case FLAG_SCALAR:
    case FLAG_STRUCT:
    case FLAG_CUSTOM:
        break;
    }
}

static int parse_number(const struct flag *flag, const char *word, int64_t *ret, struct err *e)
{
    if (parse_int64(word, ret) < 0 || *ret < 1)
        return err_set(e, EINVAL, "--%s takes a number from 1, not '%.40s'", flag->name, word);
    return 0;
}

static int put_general(struct arena *a, struct request *request, json_t **base,
                       const struct wire_action *action, const struct flag *flag, const char *word,
                       struct err *e)
{
    _cleanup_json_ json_t *value = NULL;
    const char *text;
    size_t len;

    switch (flag->id) {
    case GENERAL_SKELETON:
        request->skeleton = true;
        return 0;
    case GENERAL_NO_PAGES:
        request->paginate = false;
        return 0;
    case GENERAL_PAGE_SIZE:
        return parse_number(flag, word, &request->page_size, e);
    case GENERAL_MAX_ITEMS:
        return parse_number(flag, word, &request->max_items, e);
    case GENERAL_STARTING_TOKEN:
        request->starting_token = word;
        return 0;
    }
    if (args_read_word(a, word, &text, &len, e) < 0)
        return -EINVAL;
    value = load_json(flag->name, text, len, e);
    if (value == NULL)
        return -EINVAL;
    if (!json_is_object(value))
        return err_set(e, EINVAL, "--%s takes a JSON object", flag->name);
    if (action->input == NULL && json_object_size(value) > 0)
        return err_set(e, EINVAL, "%s takes no members", action->name);
    json_decref(*base);
    *base = json_incref(value);
    return 0;
}

static int check_required(struct arena *a, const struct flags *flags, const json_t *in,
                          struct err *e)
{
    const char *missing = "";

    for (size_t i = 0; i < flags->n; i++) {
        const struct flag *flag = &flags->v[i];

        if (flag->required && json_object_get(in, flag->field->member) == NULL)
            missing =
                arena_printf(a, "%s%s--%s", missing, *missing == '\0' ? "" : ", ", flag->name);
    }
    if (*missing != '\0')
        return err_set(e, EINVAL, "missing: %s", missing);
    return 0;
}

struct given {
    const struct flag *flag;
    size_t n;
    char **words;
};

struct givens {
    struct given *v;
    size_t n;
};

/* Cuts the words into flags and what stands behind each. */
static int collect(struct cli *c, const struct flags *flags, int argc, char **argv,
                   struct givens *givens, struct err *e)
{
    for (int i = 1; i < argc; i++) {
        struct given given = {0};
        size_t min, max;
        char *value = NULL;
        const char *name;
        int global = global_option(c, argc, argv, &i);

        if (global < 0)
            return -EINVAL;
        if (global > 0 || streq(argv[i], "--no-cli-pager"))
            continue;
        if (!has_prefix(argv[i], "--"))
            return err_set(e, EINVAL, "'%.80s' stands behind no flag", argv[i]);
        name = argv[i] + 2;
        value = strchr(name, '=');
        if (value != NULL)
            name = arena_strndup(c->arena, name, (size_t)(value++ - name));
        given.flag = find_flag(flags, name, argv[0], e);
        if (given.flag == NULL)
            return -EINVAL;
        words_of_kind(given.flag, &min, &max);
        if (value != NULL) {
            if (max == 0)
                return err_set(e, EINVAL, "--%s takes no value", given.flag->name);
            given.words = arena_memdup(c->arena, &value, sizeof(value));
            given.n = 1;
        } else {
            given.words = argv + i + 1;
            while (given.n < max && i + 1 < argc && !is_flag_word(argv[i + 1])) {
                given.n++;
                i++;
            }
        }
        if (given.n < min)
            return err_set(e, EINVAL, "--%s needs a value", given.flag->name);
        *arena_append(c->arena, givens) = given;
    }
    return 0;
}

static int put_members(struct arena *a, const struct wire_action *action,
                       const struct givens *givens, json_t *in, struct err *e)
{
    for (size_t i = 0; i < givens->n; i++) {
        const struct given *given = &givens->v[i];
        json_t *value;

        if (given->flag->field == NULL)
            continue;
        value = value_of(a, action, given->flag, given->n, given->words, e);
        if (value == NULL)
            return -EINVAL;
        json_object_set_new(in, given->flag->field->member, value);
    }
    return 0;
}

static int put_custom(const struct givens *givens, json_t *in, struct err *e)
{
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < givens->n; i++) {
            const struct given *given = &givens->v[i];
            int r;

            if (given->flag->kind != FLAG_CUSTOM && given->flag->kind != FLAG_SWITCH)
                continue;
            if (round == 0)
                r = custom_check(in, given->flag, e);
            else
                r = custom_put(in, given->flag, given->n > 0 ? given->words[0] : "", e);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

int args_parse(struct cli *c, const struct wire_action *action, int argc, char **argv,
               struct request *ret, struct err *e)
{
    struct flags flags = flags_of(c->arena, action);
    struct request request = {.paginate = is_paged(action)};
    struct givens givens = {0};
    _cleanup_json_ json_t *in = NULL, *base = json_object();

    if (collect(c, &flags, argc, argv, &givens, e) < 0)
        return -EINVAL;
    for (size_t i = 0; i < givens.n; i++) {
        const struct given *given = &givens.v[i];
        if (given->flag->kind == FLAG_GENERAL &&
            put_general(c->arena, &request, &base, action, given->flag,
                        given->n > 0 ? given->words[0] : NULL, e) < 0)
            return -EINVAL;
    }
    if (request.skeleton) {
        *ret = request;
        return 0;
    }
    in = json_incref(base);
    if (put_members(c->arena, action, &givens, in, e) < 0 || put_custom(&givens, in, e) < 0)
        return -EINVAL;
    custom_finish(in, action);
    if (check_required(c->arena, &flags, in, e) < 0)
        return -EINVAL;
    /* Whoever asks for a certain page gets that one alone. */
    if (json_object_get(in, "NextToken") != NULL || json_object_get(in, "MaxResults") != NULL)
        request.paginate = false;
    if (action->input != NULL) {
        request.in = convert_struct(c->arena, action->input, argv[0], in, CONVERT_JSON, e);
        if (request.in == NULL)
            return -EINVAL;
    } else {
        request.in = json_object();
    }
    *ret = request;
    return 0;
}

static json_t *example_of(const struct wire_field *field, int depth)
{
    switch (field->kind) {
    case WIRE_STR:
        return json_string(field->values != NULL ? field->values[0] : "");
    case WIRE_INT:
    case WIRE_LONG:
        return json_integer(0);
    case WIRE_DOUBLE:
        return json_real(0.0);
    case WIRE_BOOL:
        return json_true();
    case WIRE_TIME:
        return json_string("1970-01-01T00:00:00");
    case WIRE_BLOB:
        return json_string("");
    case WIRE_STRUCT:
        return skeleton_of(field->sub, depth + 1);
    }
    NEVER();
}

json_t *skeleton_of(const struct wire_struct *s, int depth)
{
    json_t *object = json_object();

    for (size_t i = 0; s != NULL && depth < 16 && i < s->n; i++) {
        const struct wire_field *field = &s->fields[i];
        json_t *value;

        if (!is_input(field))
            continue;
        value = example_of(field, depth);
        json_object_set_new(object, field->member, field->list ? json_pack("[o]", value) : value);
    }
    return object;
}
