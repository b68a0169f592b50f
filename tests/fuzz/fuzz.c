#include "fuzz.h"

char *fuzz_line(struct arena *a, const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size == 0 ? NULL : memchr(*data, '\n', *size);
    size_t len = end == NULL ? *size : (size_t)(end - *data);
    char *line = arena_alloc(a, len + 1);
    if (len > 0)
        memcpy(line, *data, len);
    size_t used = end == NULL ? len : len + 1;
    *data += used;
    *size -= used;
    return line;
}

const struct wire_action *fuzz_action(struct arena *a, const uint8_t **data, size_t *size)
{
    const struct wire_service *s = NULL;
    const char *line = fuzz_line(a, data, size);
    size_t all = 0;
    for (size_t i = 0; (s = wire_service_at(i)) != NULL; i++) {
        const struct wire_action *found = wire_action_find(s, line);
        if (found != NULL)
            return found;
        all += s->n_actions;
    }
    size_t number = 0;
    for (; *line != '\0'; line++)
        number = number * 31 + (unsigned char)*line;
    number %= all;
    size_t i = 0;
    for (; number >= wire_service_at(i)->n_actions; i++)
        number -= wire_service_at(i)->n_actions;
    return &wire_service_at(i)->actions[number];
}
