#include "picture.h"

#include <stdio.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>
#include <webp/mux.h>

static glint_codec_status fail(glint_picture *picture, glint_codec_status status, const char *message) {
    snprintf(picture->message, sizeof picture->message, "%s", message);
    return status;
}

static glint_codec_status failed_decoding(glint_picture *picture, VP8StatusCode code) {
    switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY: return fail(picture, GLINT_CODEC_NO_MEMORY, "no memory for the picture");
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED: return fail(picture, GLINT_CODEC_TRUNCATED, "the bytes end early");
    case VP8_STATUS_UNSUPPORTED_FEATURE: return fail(picture, GLINT_CODEC_UNSUPPORTED, "a feature that libwebp does not have");
    default: return fail(picture, GLINT_CODEC_CORRUPT, "a damaged bitstream");
    }
}

// MARK: Decoding

static glint_codec_status read_chunk(
    WebPDemuxer *file, const char *name, glint_metadata_kind kind, const glint_codec_limits *limits, glint_picture *picture
) {
    WebPChunkIterator chunk = {0};
    if (!WebPDemuxGetChunk(file, name, 1, &chunk)) return GLINT_CODEC_OK;
    glint_codec_status status = GLINT_CODEC_OK;
    const uint8_t *bytes = chunk.chunk.bytes;
    size_t length = chunk.chunk.size;
    // Some programs write EXIF with the header that it has in a JPEG.
    if (kind == GLINT_EXIF && length >= 6 && memcmp(bytes, "Exif\0\0", 6) == 0) {
        bytes += 6;
        length -= 6;
    }
    uint64_t room = limits->max_metadata_bytes;
    if (length > room || picture->metadata_bytes > room - length) {
        status = fail(picture, GLINT_CODEC_METADATA_TOO_LARGE, "metadata above the limit");
    } else if (!glint_picture_append(picture, kind, "", bytes, length)) {
        status = fail(picture, GLINT_CODEC_NO_MEMORY, "no memory for the metadata");
    }
    WebPDemuxReleaseChunkIterator(&chunk);
    return status;
}

/// Decodes the first frame to its place on the canvas, which is black elsewhere.
static glint_codec_status read_frame(WebPDemuxer *file, const glint_codec_limits *limits, glint_picture *picture) {
    WebPIterator frame = {0};
    if (!WebPDemuxGetFrame(file, 1, &frame)) return fail(picture, GLINT_CODEC_CORRUPT, "it has no picture");
    glint_codec_status status = glint_picture_check_size(
        picture, limits, WebPDemuxGetI(file, WEBP_FF_CANVAS_WIDTH), WebPDemuxGetI(file, WEBP_FF_CANVAS_HEIGHT));
    WebPBitstreamFeatures features;
    VP8StatusCode code = VP8_STATUS_OK;
    if (status == GLINT_CODEC_OK) {
        code = WebPGetFeatures(frame.fragment.bytes, frame.fragment.size, &features);
        if (code != VP8_STATUS_OK) {
            status = failed_decoding(picture, code);
        } else if (
            frame.x_offset < 0 || frame.y_offset < 0 || (uint64_t)frame.x_offset + features.width > picture->width
            || (uint64_t)frame.y_offset + features.height > picture->height
        ) {
            status = fail(picture, GLINT_CODEC_CORRUPT, "its first frame is outside the picture");
        } else if (!glint_picture_allocate(picture)) {
            status = fail(picture, GLINT_CODEC_NO_MEMORY, "no memory for the picture");
        }
    }
    if (status == GLINT_CODEC_OK) {
        WebPDecoderConfig config;
        WebPInitDecoderConfig(&config);
        size_t row = (size_t)picture->width * 3;
        size_t start = row * frame.y_offset + (size_t)frame.x_offset * 3;
        config.output.colorspace = MODE_RGB;
        config.output.is_external_memory = 1;
        config.output.u.RGBA.rgba = picture->rgb + start;
        config.output.u.RGBA.size = row * picture->height - start;
        // libwebp's strides are int; the limits on sizes keep them small.
        config.output.u.RGBA.stride = (int)row;
        code = row > INT32_MAX ? VP8_STATUS_OUT_OF_MEMORY
                               : WebPDecode(frame.fragment.bytes, frame.fragment.size, &config);
        if (code != VP8_STATUS_OK) status = failed_decoding(picture, code);
    }
    WebPDemuxReleaseIterator(&frame);
    return status;
}

/// Whether the RIFF container, by its own account, is longer than the bytes.
static bool ends_early(const uint8_t *bytes, size_t length) {
    if (length < 12) return true;
    uint64_t size = bytes[4] | (uint32_t)bytes[5] << 8 | (uint32_t)bytes[6] << 16 | (uint64_t)bytes[7] << 24;
    return size + 8 > length;
}

glint_codec_status glint_webp_decode(
    const uint8_t *bytes, size_t length, const glint_codec_limits *limits, glint_picture *picture
) {
    if (ends_early(bytes, length)) return fail(picture, GLINT_CODEC_TRUNCATED, "the bytes end early");
    WebPData data = {.bytes = bytes, .size = length};
    WebPDemuxer *file = WebPDemux(&data);
    if (file == NULL) return fail(picture, GLINT_CODEC_CORRUPT, "its chunks do not make a picture");
    glint_codec_status status = read_frame(file, limits, picture);
    if (status == GLINT_CODEC_OK) status = read_chunk(file, "EXIF", GLINT_EXIF, limits, picture);
    if (status == GLINT_CODEC_OK) status = read_chunk(file, "XMP ", GLINT_XMP, limits, picture);
    WebPDemuxDelete(file);
    return status;
}

// MARK: Encoding

static glint_codec_status compress(const uint8_t *rgb, int quality, WebPMemoryWriter *writer, glint_picture *picture) {
    WebPConfig config;
    WebPPicture source;
    if (!WebPConfigPreset(&config, WEBP_PRESET_DEFAULT, (float)quality) || !WebPPictureInit(&source)) {
        return fail(picture, GLINT_CODEC_UNSUPPORTED, "another version of libwebp");
    }
    // Chroma has half the resolution; this fits luma to it, against bleeding of saturated edges.
    config.use_sharp_yuv = 1;
    if (picture->width > WEBP_MAX_DIMENSION || picture->height > WEBP_MAX_DIMENSION) {
        return fail(picture, GLINT_CODEC_UNSUPPORTED, "WebP has at most 16383 pixels a side");
    }
    source.use_argb = 1;
    source.width = (int)picture->width;
    source.height = (int)picture->height;
    source.writer = WebPMemoryWrite;
    source.custom_ptr = writer;
    bool done = WebPPictureImportRGB(&source, rgb, (int)picture->width * 3) && WebPEncode(&config, &source);
    bool no_memory = source.error_code == VP8_ENC_ERROR_OUT_OF_MEMORY;
    WebPPictureFree(&source);
    if (done) return GLINT_CODEC_OK;
    return fail(
        picture, no_memory ? GLINT_CODEC_NO_MEMORY : GLINT_CODEC_UNSUPPORTED,
        no_memory ? "no memory for the file" : "libwebp can't encode it");
}

static const char *chunk_name(glint_metadata_kind kind) {
    switch (kind) {
    case GLINT_EXIF: return "EXIF";
    case GLINT_XMP: return "XMP ";
    default: return NULL;
    }
}

/// Puts the bitstream and the chunks of metadata into a container.
static glint_codec_status assemble(const WebPData *bitstream, glint_picture *picture) {
    WebPMux *mux = WebPMuxCreate(bitstream, 0);
    if (mux == NULL) return fail(picture, GLINT_CODEC_NO_MEMORY, "no memory for the file");
    WebPMuxError error = WEBP_MUX_OK;
    for (size_t i = 0; i < picture->entry_count && error == WEBP_MUX_OK; i++) {
        const char *name = chunk_name(picture->entries[i].kind);
        if (name == NULL) continue;
        WebPData text = {.bytes = (const uint8_t *)picture->entries[i].text, .size = picture->entries[i].length};
        error = WebPMuxSetChunk(mux, name, &text, 1);
    }
    WebPData file = {0};
    if (error == WEBP_MUX_OK) error = WebPMuxAssemble(mux, &file);
    WebPMuxDelete(mux);
    bool fits = error == WEBP_MUX_OK && glint_picture_reserve(picture, file.size);
    if (fits) {
        memcpy(picture->file, file.bytes, file.size);
        picture->file_length = file.size;
    }
    WebPDataClear(&file);
    return fits ? GLINT_CODEC_OK : fail(picture, GLINT_CODEC_NO_MEMORY, "no memory for the file");
}

glint_codec_status glint_webp_encode(const uint8_t *rgb, int quality, glint_picture *picture) {
    WebPMemoryWriter writer;
    WebPMemoryWriterInit(&writer);
    glint_codec_status status = compress(rgb, quality, &writer, picture);
    if (status == GLINT_CODEC_OK) {
        WebPData bitstream = {.bytes = writer.mem, .size = writer.size};
        status = assemble(&bitstream, picture);
    }
    WebPMemoryWriterClear(&writer);
    return status;
}
