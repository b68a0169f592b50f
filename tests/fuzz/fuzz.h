#pragma once
/*
 * A fuzz target is a file with LLVMFuzzerTestOneInput(): it takes any bytes, and ends the process
 * (CHECK, or a sanitizer) when the code under test does wrong. tests/fuzz/run links it to
 * libFuzzer; every test run links it to replay.c, which gives it the files of corpus/TARGET and
 * crashes/TARGET.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/check.h"
#include "wire/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cuts off the first line (without its end); *data and *size are behind it. */
char *fuzz_line(struct arena *a, const uint8_t **data, size_t *size);
/*
 * Cuts off the first line and finds the action it names, so that a file of the corpus means the
 * same when actions are added; any other first line stands for some action, too.
 */
const struct wire_action *fuzz_action(struct arena *a, const uint8_t **data, size_t *size);
