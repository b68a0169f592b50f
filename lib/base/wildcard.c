/*
 * A piece is what stands between stars. The first and the last piece have their place; of those
 * between, the first place behind the one before will do, so that no place is looked at twice.
 *
 * A piece of plain bytes is found by memmem(). In one with `?` the bytes are no prefix of
 * themselves that could be made use of, so all its places are tried at once (Baeza-Yates, Gonnet:
 * "A new approach to text searching"): bit i of a state says that the text so far ends in the
 * piece's first i + 1 elements.
 */
#include "base/wildcard.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/cleanup.h"

#define WORD_BITS 64
#define BYTES     256

/* What is being matched; `steps` counts bytes and words that were looked at. */
struct match {
    const char *end; /* of the text */
    uint64_t steps;
};

/* A piece as bits, a word for each 64 elements: an element is a byte, or `?`. */
struct bits {
    size_t words;
    size_t last;     /* element */
    uint64_t *state; /* which elements the text ends in */
    uint64_t *any;   /* which elements are `?` */
    uint64_t *of;    /* of[byte * words]: which elements the byte is */
};

static bool continues_character(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Behind the character at `s`, of which the text has at least one byte. */
static const char *behind_character(const char *s, const char *end)
{
    s++;
    while (s < end && continues_character(*s))
        s++;
    return s;
}

/* The next byte of a piece, past a backslash. */
static const char *literal(const char *p, const char *p_end)
{
    return *p == '\\' && p + 1 < p_end ? p + 1 : p;
}

/* The first star that is none by a backslash, or the end. */
static const char *find_star(struct match *m, const char *p, const char *end)
{
    const char *from = p;
    while (p < end && *p != '*')
        p = literal(p, end) + 1;
    m->steps += (size_t)(p - from) + 1;
    return p;
}

/* If the piece stands at `s`, where it ends there, else NULL. */
static const char *piece_at(struct match *m, const char *p, const char *p_end, const char *s)
{
    for (; p < p_end; p++) {
        m->steps++;
        if (s == m->end)
            return NULL;
        if (*p == '?') {
            s = behind_character(s, m->end);
            continue;
        }
        p = literal(p, p_end);
        if (*p != *s++)
            return NULL;
    }
    return s;
}

static void bits_fill(struct bits *b, const char *p, const char *p_end)
{
    size_t i = 0;
    for (; p < p_end; p++, i++) {
        uint64_t bit = UINT64_C(1) << i % WORD_BITS;
        size_t word = i / WORD_BITS;
        if (*p == '?') {
            b->any[word] |= bit;
            continue;
        }
        p = literal(p, p_end);
        b->of[(unsigned char)*p * b->words + word] |= bit;
    }
    b->last = i - 1;
}

/* Takes the byte; true: the text so far ends in the whole piece. A character's further bytes begin
 * no piece, and leave a `?` where it is. */
static bool bits_take(struct bits *b, char c)
{
    const uint64_t *of = b->of + (unsigned char)c * b->words;
    bool continues = continues_character(c);
    uint64_t carry = !continues;
    for (size_t i = 0; i < b->words; i++) {
        uint64_t before = b->state[i];
        uint64_t moved = before << 1 | carry;
        carry = before >> (WORD_BITS - 1);
        b->state[i] =
            continues ? (moved & of[i]) | (before & b->any[i]) : moved & (of[i] | b->any[i]);
    }
    return (b->state[b->last / WORD_BITS] >> b->last % WORD_BITS & 1) != 0;
}

static const char *find_bits(struct match *m, struct bits *b, const char *s)
{
    for (; s < m->end; s++) {
        m->steps += b->words;
        if (bits_take(b, *s))
            return behind_character(s, m->end);
    }
    return NULL;
}

/* The end of the first place where the piece stands, or NULL. */
static const char *find_piece(struct match *m, const char *p, const char *p_end, const char *s)
{
    size_t len = (size_t)(p_end - p);
    size_t left = (size_t)(m->end - s);
    m->steps += len;
    if (memchr(p, '?', len) == NULL && memchr(p, '\\', len) == NULL) {
        const char *at = memmem(s, left, p, len);
        m->steps += at == NULL ? left : (size_t)(at - s) + len;
        return at == NULL ? NULL : at + len;
    }
    if (len / 2 > left) /* an element has two bytes at most, and takes one of the text at least */
        return NULL;
    uint64_t few[BYTES + 2] = {0};
    size_t words = (len + WORD_BITS - 1) / WORD_BITS;
    _cleanup_free_ uint64_t *many = NULL;
    if (words > 1) {
        many = calloc((BYTES + 2) * words, sizeof(*many));
        CHECK_MEMORY(many != NULL);
    }
    uint64_t *all = words > 1 ? many : few;
    struct bits b = {.words = words, .state = all, .any = all + words, .of = all + 2 * words};
    bits_fill(&b, p, p_end);
    return find_bits(m, &b, s);
}

/* Is the piece the end of the text? It has so many characters, so there is one place to look at. */
static bool piece_ends(struct match *m, const char *p, const char *p_end, const char *s)
{
    const char *from = m->end;
    for (const char *at = p; at < p_end; at++) {
        m->steps++;
        at = literal(at, p_end);
        if (continues_character(*at))
            continue;
        do {
            if (from == s)
                return false;
            from--;
            m->steps++;
        } while (continues_character(*from));
    }
    return piece_at(m, p, p_end, from) == m->end;
}

static bool match(struct match *m, const char *p, const char *p_end, const char *s)
{
    const char *star = find_star(m, p, p_end);
    s = piece_at(m, p, star, s);
    if (s == NULL || star == p_end)
        return s == m->end;
    for (;;) {
        const char *piece = star + 1;
        star = find_star(m, piece, p_end);
        if (star == p_end)
            return piece_ends(m, piece, p_end, s);
        if (star > piece)
            s = find_piece(m, piece, star, s);
        if (s == NULL)
            return false;
    }
}

bool wildcard_match_counted(const char *pattern, size_t pattern_len, const char *s, size_t len,
                            uint64_t *steps)
{
    struct match m = {.end = s + len};
    bool found = match(&m, pattern, pattern + pattern_len, s);
    *steps += m.steps;
    return found;
}

uint64_t wildcard_steps_max(size_t pattern_len, size_t len)
{
    /* Of the pattern each byte is looked at for its star, its table and its place; the bytes of the
     * last piece once more. A piece that is longer than the text is not searched for. */
    size_t longest = pattern_len < 2 * len + 1 ? pattern_len : 2 * len + 1;
    return 4 * (uint64_t)pattern_len + 2 * (uint64_t)len + 2 +
           (uint64_t)len * ((longest + WORD_BITS - 1) / WORD_BITS);
}

bool wildcard_match_n(const char *pattern, size_t pattern_len, const char *s, size_t len)
{
    uint64_t steps = 0;
    return wildcard_match_counted(pattern, pattern_len, s, len, &steps);
}

bool wildcard_match(const char *pattern, const char *s)
{
    return wildcard_match_n(pattern, strlen(pattern), s, strlen(s));
}

bool has_wildcard(const char *pattern)
{
    return strpbrk(pattern, "*?\\") != NULL;
}
