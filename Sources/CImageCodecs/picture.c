#include "picture.h"

#include <stdlib.h>
#include <string.h>

void glint_picture_free(glint_picture *picture) {
    for (size_t i = 0; i < picture->entry_count; i++) free(picture->entries[i].text);
    free(picture->entries);
    free(picture->rgb);
    free(picture->file);
    *picture = (glint_picture){0};
}

bool glint_picture_append(
    glint_picture *picture, glint_metadata_kind kind, const char *keyword, const void *text, size_t length
) {
    size_t keyword_length = strlen(keyword);
    if (keyword_length >= GLINT_KEYWORD_CAPACITY || length == SIZE_MAX) return false;
    size_t size = (picture->entry_count + 1) * sizeof(glint_metadata_entry);
    glint_metadata_entry *entries = realloc(picture->entries, size);
    if (entries == NULL) return false;
    picture->entries = entries;

    glint_metadata_entry *entry = &entries[picture->entry_count];
    *entry = (glint_metadata_entry){.kind = kind, .length = length, .text = malloc(length + 1)};
    if (entry->text == NULL) return false;
    if (length > 0) memcpy(entry->text, text, length);
    entry->text[length] = 0;
    memcpy(entry->keyword, keyword, keyword_length + 1);
    picture->entry_count += 1;
    picture->metadata_bytes += keyword_length + length;
    return true;
}

glint_codec_status glint_picture_check_size(
    glint_picture *picture, const glint_codec_limits *limits, uint32_t width, uint32_t height
) {
    picture->width = width;
    picture->height = height;
    if (width > limits->max_width || height > limits->max_height) return GLINT_CODEC_TOO_LARGE;
    // The product of two factors below 2^32 does not overflow; three bytes per pixel may.
    uint64_t pixels = (uint64_t)width * height;
    if (pixels > limits->max_pixels || pixels > (uint64_t)PTRDIFF_MAX / 3) return GLINT_CODEC_TOO_LARGE;
    return GLINT_CODEC_OK;
}

bool glint_picture_allocate(glint_picture *picture) {
    picture->rgb = calloc((size_t)picture->width * picture->height, 3);
    return picture->rgb != NULL;
}

bool glint_picture_reserve(glint_picture *picture, size_t count) {
    if (picture->file_capacity - picture->file_length >= count) return true;
    if (count > (size_t)PTRDIFF_MAX - picture->file_length) return false;
    size_t needed = picture->file_length + count;
    size_t doubled = picture->file_capacity <= (size_t)PTRDIFF_MAX / 2 ? picture->file_capacity * 2 : needed;
    size_t capacity = needed > doubled ? needed : doubled;
    uint8_t *file = realloc(picture->file, capacity);
    if (file == NULL) return false;
    picture->file = file;
    picture->file_capacity = capacity;
    return true;
}
