#include "picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gif_lib.h>

typedef struct {
    const uint8_t *bytes;
    size_t length, position;
    bool ends_early;
    glint_picture *picture;
} gif_job;

static int read_bytes(GifFileType *file, GifByteType *target, int count) {
    gif_job *job = file->UserData;
    size_t left = job->length - job->position;
    if (count < 0) return 0;
    if ((size_t)count > left) {
        job->ends_early = true;
        count = (int)left;
    }
    memcpy(target, job->bytes + job->position, (size_t)count);
    job->position += (size_t)count;
    return count;
}

static glint_codec_status fail(gif_job *job, glint_codec_status status, const char *message) {
    snprintf(job->picture->message, sizeof job->picture->message, "%s", message);
    return status;
}

static glint_codec_status failed(gif_job *job, int code) {
    if (job->ends_early) return fail(job, GLINT_CODEC_TRUNCATED, "the bytes end early");
    const char *message = GifErrorString(code);
    return fail(
        job, code == D_GIF_ERR_NOT_ENOUGH_MEM ? GLINT_CODEC_NO_MEMORY : GLINT_CODEC_CORRUPT,
        message ? message : "its blocks are damaged");
}

/// Writes a row of indices as colours; an index that the palette does not have is black.
static void row_from_palette(const ColorMapObject *palette, const uint8_t *indices, uint8_t *rgb, size_t count) {
    for (size_t x = 0; x < count; x++, rgb += 3) {
        GifColorType color = {indices[x], indices[x], indices[x]};
        if (palette != NULL) {
            color = indices[x] < palette->ColorCount ? palette->Colors[indices[x]] : (GifColorType){0, 0, 0};
        }
        rgb[0] = color.Red;
        rgb[1] = color.Green;
        rgb[2] = color.Blue;
    }
}

/// Reads the frame whose descriptor was read. The rest of the picture is transparent, or of the palette's first colour.
static glint_codec_status read_frame(gif_job *job, GifFileType *file, int transparent, const glint_codec_limits *limits) {
    glint_picture *picture = job->picture;
    GifImageDesc frame = file->Image;
    if (frame.Width <= 0 || frame.Height <= 0 || frame.Left < 0 || frame.Top < 0) {
        return fail(job, GLINT_CODEC_CORRUPT, "its first frame is empty");
    }
    int64_t width = (int64_t)frame.Left + frame.Width, height = (int64_t)frame.Top + frame.Height;
    if (width < file->SWidth) width = file->SWidth;
    if (height < file->SHeight) height = file->SHeight;
    glint_codec_status status = glint_picture_check_size(picture, limits, (uint32_t)width, (uint32_t)height);
    if (status != GLINT_CODEC_OK) return status;
    uint8_t *row = malloc((size_t)width);
    if (row == NULL || !glint_picture_allocate(picture)) {
        free(row);
        return fail(job, GLINT_CODEC_NO_MEMORY, "no memory for the picture");
    }
    const ColorMapObject *palette = frame.ColorMap ? frame.ColorMap : file->SColorMap;
    memset(row, transparent < 0 ? 0 : transparent, (size_t)width);
    size_t stride = (size_t)width * 3;
    for (int64_t y = 0; y < height; y++) row_from_palette(palette, row, picture->rgb + stride * (size_t)y, (size_t)width);

    static const int starts[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
    for (int pass = 0; pass < (frame.Interlace ? 4 : 1); pass++) {
        int step = frame.Interlace ? steps[pass] : 1;
        for (int y = starts[pass]; y < frame.Height; y += step) {
            if (DGifGetLine(file, row, frame.Width) == GIF_ERROR) {
                free(row);
                return failed(job, file->Error);
            }
            size_t offset = stride * (size_t)(frame.Top + y) + (size_t)frame.Left * 3;
            row_from_palette(palette, row, picture->rgb + offset, (size_t)frame.Width);
        }
    }
    free(row);
    return GLINT_CODEC_OK;
}

/// Reads an extension. Of a graphics control extension it keeps the transparent index.
static glint_codec_status read_extension(gif_job *job, GifFileType *file, int *transparent) {
    int code = 0;
    GifByteType *block = NULL;
    if (DGifGetExtension(file, &code, &block) == GIF_ERROR) return failed(job, file->Error);
    while (block != NULL) {
        if (code == GRAPHICS_EXT_FUNC_CODE && block[0] == 4) *transparent = block[1] & 1 ? block[4] : -1;
        if (DGifGetExtensionNext(file, &block) == GIF_ERROR) return failed(job, file->Error);
    }
    return GLINT_CODEC_OK;
}

static glint_codec_status decode(gif_job *job, GifFileType *file, const glint_codec_limits *limits) {
    int transparent = -1;
    for (;;) {
        GifRecordType kind = UNDEFINED_RECORD_TYPE;
        if (DGifGetRecordType(file, &kind) == GIF_ERROR) return failed(job, file->Error);
        glint_codec_status status = GLINT_CODEC_OK;
        switch (kind) {
        case EXTENSION_RECORD_TYPE: status = read_extension(job, file, &transparent); break;
        case IMAGE_DESC_RECORD_TYPE:
            if (DGifGetImageHeader(file) == GIF_ERROR) return failed(job, file->Error);
            return read_frame(job, file, transparent, limits);
        default: return fail(job, GLINT_CODEC_CORRUPT, "it has no picture");
        }
        if (status != GLINT_CODEC_OK) return status;
    }
}

glint_codec_status glint_gif_decode(
    const uint8_t *bytes, size_t length, const glint_codec_limits *limits, glint_picture *picture
) {
    gif_job job = {.bytes = bytes, .length = length, .picture = picture};
    int code = 0;
    GifFileType *file = DGifOpen(&job, read_bytes, &code);
    if (file == NULL) return failed(&job, code);
    glint_codec_status status = decode(&job, file, limits);
    DGifCloseFile(file, &code);
    return status;
}
