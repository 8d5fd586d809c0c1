#include "picture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

/// The bytes of a file, as libtiff reads them, and its first complaint.
typedef struct {
    const uint8_t *bytes;
    uint64_t length, position;
    /// Whether libtiff asked for bytes behind the last one.
    bool ends_early;
    glint_picture *picture;
} tiff_job;

static glint_codec_status fail(glint_picture *picture, glint_codec_status status, const char *message) {
    snprintf(picture->message, sizeof picture->message, "%s", message);
    return status;
}

static tmsize_t read_bytes(thandle_t handle, void *target, tmsize_t count) {
    tiff_job *job = handle;
    uint64_t left = job->position < job->length ? job->length - job->position : 0;
    if (count < 0) return -1;
    if ((uint64_t)count > left) {
        job->ends_early = true;
        count = (tmsize_t)left;
    }
    if (count > 0) memcpy(target, job->bytes + job->position, (size_t)count);
    job->position += (uint64_t)count;
    return count;
}

static tmsize_t write_nothing(thandle_t handle, void *source, tmsize_t count) {
    (void)handle, (void)source, (void)count;
    return -1;
}

static toff_t seek(thandle_t handle, toff_t offset, int origin) {
    tiff_job *job = handle;
    switch (origin) {
    case SEEK_SET: job->position = offset; break;
    case SEEK_CUR: job->position += offset; break;
    default: job->position = job->length + offset;
    }
    return job->position;
}

static int close_nothing(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t size(thandle_t handle) { return ((tiff_job *)handle)->length; }

static int keep_message(TIFF *file, void *data, const char *module, const char *format, va_list arguments) {
    (void)file, (void)module;
    tiff_job *job = data;
    if (job->picture->message[0] != 0) return 1;
    vsnprintf(job->picture->message, sizeof job->picture->message, format, arguments);
    size_t length = strlen(job->picture->message);
    if (length > 0 && job->picture->message[length - 1] == '.') job->picture->message[length - 1] = 0;
    return 1;
}

static int ignore_warning(TIFF *file, void *data, const char *module, const char *format, va_list arguments) {
    (void)file, (void)data, (void)module, (void)format, (void)arguments;
    return 1;
}

/// Whether the first additional sample is an opacity that the colours are multiplied by.
static bool is_premultiplied(TIFF *file) {
    uint16_t count = 0, *kinds = NULL;
    return TIFFGetField(file, TIFFTAG_EXTRASAMPLES, &count, &kinds) && count > 0 && kinds[0] == EXTRASAMPLE_ASSOCALPHA;
}

static uint8_t divided(uint8_t value, uint8_t opacity) {
    if (opacity == 0) return value;
    unsigned full = 255u * value / opacity;
    return full > 255 ? 255 : (uint8_t)full;
}

static glint_codec_status read_pixels(tiff_job *job, TIFF *file) {
    glint_picture *picture = job->picture;
    bool premultiplied = is_premultiplied(file);
    // libtiff would multiply colours by an opacity that they are not multiplied by. Under this name it leaves them alone.
    uint16_t count = 0, *kinds = NULL;
    if (!premultiplied && TIFFGetField(file, TIFFTAG_EXTRASAMPLES, &count, &kinds) && count > 0) {
        uint16_t *alike = malloc(count * sizeof *alike);
        if (alike == NULL) return fail(picture, GLINT_CODEC_NO_MEMORY, "no memory for the picture");
        memcpy(alike, kinds, count * sizeof *alike);
        alike[0] = EXTRASAMPLE_ASSOCALPHA;
        TIFFSetField(file, TIFFTAG_EXTRASAMPLES, count, alike);
        free(alike);
    }
    // The caller turns the picture; libtiff knows half of the eight orientations.
    TIFFSetField(file, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    if (!glint_picture_allocate(picture)) return fail(picture, GLINT_CODEC_NO_MEMORY, "no memory for the picture");
    size_t pixels = (size_t)picture->width * picture->height;
    uint32_t *raster = calloc(pixels, sizeof *raster);
    if (raster == NULL) return fail(picture, GLINT_CODEC_NO_MEMORY, "no memory for the picture");
    bool done = TIFFReadRGBAImageOriented(file, picture->width, picture->height, raster, ORIENTATION_TOPLEFT, 1);
    for (size_t i = 0; done && i < pixels; i++) {
        uint8_t rgb[3] = {TIFFGetR(raster[i]), TIFFGetG(raster[i]), TIFFGetB(raster[i])};
        uint8_t opacity = TIFFGetA(raster[i]);
        for (int channel = 0; channel < 3; channel++) {
            picture->rgb[i * 3 + channel] = premultiplied ? divided(rgb[channel], opacity) : rgb[channel];
        }
    }
    free(raster);
    if (done) return GLINT_CODEC_OK;
    return job->ends_early ? GLINT_CODEC_TRUNCATED : GLINT_CODEC_CORRUPT;
}

static glint_codec_status decode(tiff_job *job, TIFF *file, const glint_codec_limits *limits) {
    uint32_t width = 0, height = 0;
    if (!TIFFGetField(file, TIFFTAG_IMAGEWIDTH, &width) || !TIFFGetField(file, TIFFTAG_IMAGELENGTH, &height)
        || width == 0 || height == 0) {
        return fail(job->picture, GLINT_CODEC_CORRUPT, "it has no width or no height");
    }
    glint_codec_status status = glint_picture_check_size(job->picture, limits, width, height);
    if (status != GLINT_CODEC_OK) return status;
    char reason[1024] = "";
    if (!TIFFRGBAImageOK(file, reason)) {
        return fail(job->picture, GLINT_CODEC_UNSUPPORTED, reason[0] ? reason : "samples that libtiff can't convert");
    }
    return read_pixels(job, file);
}

glint_codec_status glint_tiff_decode(
    const uint8_t *bytes, size_t length, const glint_codec_limits *limits, glint_picture *picture
) {
    tiff_job job = {.bytes = bytes, .length = length, .picture = picture};
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (options == NULL) return fail(picture, GLINT_CODEC_NO_MEMORY, "libtiff cannot start");
    TIFFOpenOptionsSetErrorHandlerExtR(options, keep_message, &job);
    TIFFOpenOptionsSetWarningHandlerExtR(options, ignore_warning, &job);
    // A strip or tile of the largest picture has 16 bytes a pixel at the most, four samples in single precision.
    uint64_t largest = limits->max_pixels < (uint64_t)PTRDIFF_MAX / 16 ? limits->max_pixels * 16 : PTRDIFF_MAX;
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)(largest < 1 << 20 ? 1 << 20 : largest));
    TIFF *file = TIFFClientOpenExt(
        "picture", "rm", &job, read_bytes, write_nothing, seek, close_nothing, size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    if (file == NULL) return job.ends_early ? GLINT_CODEC_TRUNCATED : GLINT_CODEC_CORRUPT;
    glint_codec_status status = decode(&job, file, limits);
    TIFFClose(file);
    return status;
}
