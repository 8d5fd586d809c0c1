#include "picture.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

/// State of one call. It lives in the frame of the caller of `setjmp`, so its values are defined after a jump.
typedef struct {
    jmp_buf jump;
    glint_codec_status status;
    glint_picture *picture;
    png_structp png;
    png_infop info;
    // Decoding.
    const uint8_t *bytes;
    size_t length, position;
    const glint_codec_limits *limits;
    // Encoding.
    const uint8_t *rgb;
    int level, filters;
} png_job;

static _Noreturn void fail(png_job *job, glint_codec_status status, const char *message) {
    job->status = status;
    snprintf(job->picture->message, sizeof job->picture->message, "%s", message);
    longjmp(job->jump, 1);
}

static void on_error(png_structp png, png_const_charp message) {
    fail(png_get_error_ptr(png), GLINT_CODEC_CORRUPT, message);
}

// For a text chunk that it can't read, libpng warns and continues without it. Metadata would be lost silently.
static void on_warning(png_structp png, png_const_charp message) {
    static const char *const chunks[] = {"tEXt: ", "zTXt: ", "iTXt: "};
    bool is_text = false;
    for (int i = 0; i < 3; i++) is_text = is_text || strncmp(message, chunks[i], 6) == 0;
    if (!is_text) return;
    png_job *job = png_get_error_ptr(png);
    if (strstr(message, "too large") || strstr(message, "cache")) fail(job, GLINT_CODEC_METADATA_TOO_LARGE, message);
    // libpng stops unpacking at the limit, and reports this with the same message as data that end early.
    if (strstr(message, "truncated")) message = "a compressed text ends early, or unpacks to more than the limit";
    fail(job, GLINT_CODEC_CORRUPT, message);
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
    png_job *job = png_get_io_ptr(png);
    if (job->length - job->position < count) fail(job, GLINT_CODEC_TRUNCATED, "the bytes end early");
    memcpy(target, job->bytes + job->position, count);
    job->position += count;
}

static void write_bytes(png_structp png, png_bytep source, size_t count) {
    png_job *job = png_get_io_ptr(png);
    if (!glint_picture_reserve(job->picture, count)) fail(job, GLINT_CODEC_NO_MEMORY, "no memory for the file");
    memcpy(job->picture->file + job->picture->file_length, source, count);
    job->picture->file_length += count;
}

static void flush_nothing(png_structp png) { (void)png; }

// MARK: Decoding

static void restrict_chunks(png_job *job) {
    // Of the ancillary chunks only these are read; the rest (profiles, thumbnails, histograms) is skipped.
    static const png_byte used[] = "tEXt\0zTXt\0iTXt\0eXIf";
    png_set_keep_unknown_chunks(job->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_keep_unknown_chunks(job->png, PNG_HANDLE_CHUNK_AS_DEFAULT, used, 4);
    // A wrong checksum is an error in every chunk.
    png_set_crc_action(job->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    // Limits are checked on the header here, since libpng's own check gives a message without the sizes.
    png_set_user_limits(job->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_chunk_cache_max(job->png, GLINT_MAX_METADATA_ENTRIES + 2);  // it warns when it counts down to 1
    uint64_t largest = job->limits->max_metadata_bytes;
    // The margin is for a chunk's other fields. 0 would mean no limit.
    png_set_chunk_malloc_max(job->png, largest < PNG_SIZE_MAX - 1024 ? (png_alloc_size_t)largest + 1024 : PNG_SIZE_MAX);
}

static void request_rgb8(png_structp png, png_infop info) {
    png_byte color = png_get_color_type(png, info);
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if ((color & PNG_COLOR_MASK_COLOR) == 0) {
        if (png_get_bit_depth(png, info) < 8) png_set_expand_gray_1_2_4_to_8(png);
        png_set_gray_to_rgb(png);
    }
    if (png_get_bit_depth(png, info) == 16) png_set_scale_16(png);
    png_set_strip_alpha(png);
}

static void read_rows(png_job *job) {
    int passes = png_set_interlace_handling(job->png);
    png_read_update_info(job->png, job->info);
    size_t row_bytes = (size_t)job->picture->width * 3;
    if (png_get_rowbytes(job->png, job->info) != row_bytes) fail(job, GLINT_CODEC_UNSUPPORTED, "rows that are not RGB");
    if (!glint_picture_allocate(job->picture)) fail(job, GLINT_CODEC_NO_MEMORY, "no memory for the picture");
    for (int pass = 0; pass < passes; pass++) {
        for (uint32_t y = 0; y < job->picture->height; y++) {
            png_read_row(job->png, job->picture->rgb + row_bytes * y, NULL);
        }
    }
}

static void append(png_job *job, glint_metadata_kind kind, const char *keyword, const void *text, size_t length) {
    if (strlen(keyword) >= GLINT_KEYWORD_CAPACITY) fail(job, GLINT_CODEC_CORRUPT, "a text's keyword has more than 79 bytes");
    uint64_t room = job->limits->max_metadata_bytes;
    if (length > room || job->picture->metadata_bytes > room - length) {
        fail(job, GLINT_CODEC_METADATA_TOO_LARGE, "text chunks above the limit");
    }
    if (!glint_picture_append(job->picture, kind, keyword, text, length)) {
        fail(job, GLINT_CODEC_NO_MEMORY, "no memory for the metadata");
    }
}

static void read_metadata(png_job *job) {
    png_textp texts = NULL;
    int count = png_get_text(job->png, job->info, &texts, NULL);
    for (int i = 0; i < count; i++) {
        bool utf8 = texts[i].compression >= PNG_ITXT_COMPRESSION_NONE;
        append(
            job, utf8 ? GLINT_TEXT_UTF8 : GLINT_TEXT_LATIN1, texts[i].key, texts[i].text,
            utf8 ? texts[i].itxt_length : texts[i].text_length);
    }
    png_uint_32 length = 0;
    png_bytep exif = NULL;
    if (png_get_eXIf_1(job->png, job->info, &length, &exif) != 0 && exif != NULL) {
        append(job, GLINT_EXIF, "", exif, length);
    }
}

static glint_codec_status decode(png_job *job) {
    if (setjmp(job->jump)) return job->status;
    job->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, job, on_error, on_warning);
    if (job->png == NULL) fail(job, GLINT_CODEC_NO_MEMORY, "libpng cannot start");
    job->info = png_create_info_struct(job->png);
    if (job->info == NULL) fail(job, GLINT_CODEC_NO_MEMORY, "libpng cannot start");
    png_set_read_fn(job->png, job, read_bytes);
    restrict_chunks(job);
    png_read_info(job->png, job->info);
    glint_codec_status size = glint_picture_check_size(
        job->picture, job->limits, png_get_image_width(job->png, job->info), png_get_image_height(job->png, job->info));
    if (size != GLINT_CODEC_OK) fail(job, size, "");
    request_rgb8(job->png, job->info);
    read_rows(job);
    png_read_end(job->png, job->info);
    read_metadata(job);
    return GLINT_CODEC_OK;
}

glint_codec_status glint_png_decode(
    const uint8_t *bytes, size_t length, const glint_codec_limits *limits, glint_picture *picture
) {
    png_job job = {.picture = picture, .bytes = bytes, .length = length, .limits = limits};
    glint_codec_status status = decode(&job);
    png_destroy_read_struct(&job.png, &job.info, NULL);
    return status;
}

// MARK: Encoding

static void write_texts(png_job *job) {
    for (size_t i = 0; i < job->picture->entry_count; i++) {
        glint_metadata_entry *entry = &job->picture->entries[i];
        png_text text = {.key = entry->keyword, .text = entry->text, .lang = "", .lang_key = ""};
        if (entry->kind == GLINT_TEXT_UTF8) {
            text.compression = PNG_ITXT_COMPRESSION_NONE;
            text.itxt_length = entry->length;
        } else {
            text.compression = PNG_TEXT_COMPRESSION_NONE;
            text.text_length = entry->length;
        }
        png_set_text(job->png, job->info, &text, 1);
    }
}

static glint_codec_status encode(png_job *job) {
    if (setjmp(job->jump)) return job->status;
    job->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, job, on_error, on_warning);
    if (job->png == NULL) fail(job, GLINT_CODEC_NO_MEMORY, "libpng cannot start");
    job->info = png_create_info_struct(job->png);
    if (job->info == NULL) fail(job, GLINT_CODEC_NO_MEMORY, "libpng cannot start");
    png_set_write_fn(job->png, job, write_bytes, flush_nothing);
    png_set_user_limits(job->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_IHDR(
        job->png, job->info, job->picture->width, job->picture->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
        PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
    png_set_compression_level(job->png, job->level);
    png_set_filter(job->png, PNG_FILTER_TYPE_BASE, job->filters);
    write_texts(job);
    png_write_info(job->png, job->info);
    size_t row_bytes = (size_t)job->picture->width * 3;
    for (uint32_t y = 0; y < job->picture->height; y++) png_write_row(job->png, job->rgb + row_bytes * y);
    png_write_end(job->png, job->info);
    return GLINT_CODEC_OK;
}

glint_codec_status glint_png_encode(const uint8_t *rgb, int level, int filters, glint_picture *picture) {
    png_job job = {.picture = picture, .rgb = rgb, .level = level, .filters = filters};
    glint_codec_status status = encode(&job);
    png_destroy_write_struct(&job.png, &job.info);
    return status;
}
