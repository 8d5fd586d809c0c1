#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// libpng and libjpeg report errors by longjmp or exit(), but a longjmp must not cross Swift frames, and libtiff calls variadic
// functions. These functions keep all that inside C, and return a status and a message. There is no global state: calls may
// run concurrently.

typedef enum {
    GLINT_CODEC_OK,
    /// The bytes end before the picture does.
    GLINT_CODEC_TRUNCATED,
    /// The bytes are invalid in this format.
    GLINT_CODEC_CORRUPT,
    /// A feature of the format that these functions don't support.
    GLINT_CODEC_UNSUPPORTED,
    /// Width, height or pixels above the limits; `width` and `height` are set.
    GLINT_CODEC_TOO_LARGE,
    /// Metadata above the limits.
    GLINT_CODEC_METADATA_TOO_LARGE,
    GLINT_CODEC_NO_MEMORY,
} glint_codec_status;

typedef struct {
    uint64_t max_width, max_height, max_pixels;
    /// Bytes of all metadata together, decompressed.
    uint64_t max_metadata_bytes;
} glint_codec_limits;

typedef enum {
    /// PNG text (tEXt, zTXt) in Latin-1.
    GLINT_TEXT_LATIN1,
    /// PNG text (iTXt) in UTF-8.
    GLINT_TEXT_UTF8,
    /// A JPEG comment, without a keyword, in no declared encoding.
    GLINT_COMMENT,
    /// EXIF data from its TIFF header on.
    GLINT_EXIF,
    /// An XMP packet of a WebP, in UTF-8.
    GLINT_XMP,
} glint_metadata_kind;

enum {
    GLINT_KEYWORD_CAPACITY = 80,
    GLINT_MESSAGE_CAPACITY = 256,
    /// Maximum number of entries; more of them give METADATA_TOO_LARGE.
    GLINT_MAX_METADATA_ENTRIES = 1000,
};

typedef struct {
    glint_metadata_kind kind;
    /// Latin-1, at most 79 bytes, NUL-terminated.
    char keyword[GLINT_KEYWORD_CAPACITY];
    /// `length` bytes and a NUL.
    char *text;
    size_t length;
} glint_metadata_entry;

/// A picture to encode or decode into. Starts as all zeros; `glint_picture_free` frees the memory it points to.
typedef struct {
    uint32_t width, height;
    /// When decoded: width * height * 3 bytes, R G B, rows from top to bottom.
    uint8_t *rgb;
    glint_metadata_entry *entries;
    size_t entry_count;
    uint64_t metadata_bytes;
    /// When encoded: the file.
    uint8_t *file;
    size_t file_length, file_capacity;
    /// The library's error message.
    char message[GLINT_MESSAGE_CAPACITY];
} glint_picture;

void glint_picture_free(glint_picture *picture);

/// Appends a copy of one entry to the metadata. False if out of memory or if the keyword is too long.
bool glint_picture_append(
    glint_picture *picture, glint_metadata_kind kind, const char *keyword, const void *text, size_t length);

/// Decodes a PNG of any colour type, bit depth and interlacing. Palettes and grays become RGB, 16 bits are scaled to
/// 8 with rounding, alpha is dropped. Gamma and profiles are not applied.
glint_codec_status glint_png_decode(
    const uint8_t *bytes, size_t length, const glint_codec_limits *limits, glint_picture *picture);

/// Encodes `rgb` (of `picture->width` by `picture->height`) and the picture's text entries.
/// - level: zlib's, 0 to 9. filters: a mask of libpng's row filters (8 none, 16 sub, 32 up, 64 average, 128 Paeth).
glint_codec_status glint_png_encode(const uint8_t *rgb, int level, int filters, glint_picture *picture);

/// Decodes a JPEG: gray, YCbCr, RGB, and CMYK and YCCK (inverted, as Adobe writes them, and without a profile).
glint_codec_status glint_jpeg_decode(
    const uint8_t *bytes, size_t length, const glint_codec_limits *limits, glint_picture *picture);

/// Encodes `rgb` and the picture's comments, each of at most 65,533 bytes, and EXIF data of 6 bytes less.
/// - quality: 1 to 100. full_chroma: 4:4:4, otherwise 4:2:0.
glint_codec_status glint_jpeg_encode(const uint8_t *rgb, int quality, bool full_chroma, glint_picture *picture);

/// Decodes a WebP, lossy or lossless; of an animation the first frame. Alpha is dropped.
glint_codec_status glint_webp_decode(
    const uint8_t *bytes, size_t length, const glint_codec_limits *limits, glint_picture *picture);

/// Encodes `rgb`, and the picture's EXIF and XMP entries, as a lossy WebP.
/// - quality: 1 to 100.
glint_codec_status glint_webp_encode(const uint8_t *rgb, int quality, glint_picture *picture);

/// Decodes the first page of a TIFF of any kind that libtiff converts to RGB. Its orientation is not applied; alpha is
/// dropped, and colours that were multiplied by it are divided.
glint_codec_status glint_tiff_decode(
    const uint8_t *bytes, size_t length, const glint_codec_limits *limits, glint_picture *picture);

/// Decodes the first frame of a GIF. What it leaves free of the picture has the transparent colour, or the palette's first.
glint_codec_status glint_gif_decode(
    const uint8_t *bytes, size_t length, const glint_codec_limits *limits, glint_picture *picture);

#ifdef __cplusplus
}
#endif
