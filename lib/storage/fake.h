#pragma once
/*
 * The in-memory storage: what API tests run against. It keeps names and sizes and no data, except
 * the first bytes of an upload, from which image_make recognises the format with the rules of
 * files.h (a compressed upload is taken for a disk of its own size). What is written into an
 * instance's directory is forgotten. Paths are below a directory that does not exist.
 */
#include "storage/storage.h"

#define FAKE_STORAGE_ROOM ((int64_t)1 << 45) /* 32 TiB */

int fake_storage_new(struct storage **ret);
/* The next image_make or layer_make fails with -code (a positive errno) and leaves nothing. */
void fake_storage_fail_next(struct storage *s, int code);
/* So much of FAKE_STORAGE_ROOM is free; all of it at first. */
void fake_storage_set_free(struct storage *s, int64_t bytes);
/* Somebody has all layers open, or lets go of them. Nobody does at first. */
void fake_storage_set_held(struct storage *s, bool held);
