#include "picture.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

enum {
    OUTPUT_BLOCK = 64 << 10,
    /// A progressive file has about ten scans. A small file with very many would take minutes to decode.
    MAX_SCANS = 100,
    EXIF_HEADER = 6,
};

static const uint8_t exif_header[EXIF_HEADER] = "Exif\0";

/// State of one call. It lives in the frame of the caller of `setjmp`, so its values are defined after a jump.
typedef struct {
    jmp_buf jump;
    glint_codec_status status;
    glint_picture *picture;
    struct jpeg_error_mgr errors;
    union {
        struct jpeg_common_struct common;
        struct jpeg_decompress_struct decompress;
        struct jpeg_compress_struct compress;
    };
    const glint_codec_limits *limits;
    struct jpeg_progress_mgr progress;
    struct jpeg_destination_mgr destination;
    const uint8_t *rgb;
    int quality;
    bool full_chroma;
} jpeg_job;

static _Noreturn void fail(jpeg_job *job, glint_codec_status status, const char *message) {
    job->status = status;
    snprintf(job->picture->message, sizeof job->picture->message, "%s", message);
    longjmp(job->jump, 1);
}

static _Noreturn void fail_with_message(j_common_ptr common, glint_codec_status status) {
    char message[JMSG_LENGTH_MAX];
    common->err->format_message(common, message);
    fail(common->client_data, status, message);
}

static void on_error(j_common_ptr common) {
    switch (common->err->msg_code) {
    case JERR_OUT_OF_MEMORY: fail_with_message(common, GLINT_CODEC_NO_MEMORY);
    case JERR_INPUT_EMPTY:
    case JERR_INPUT_EOF: fail_with_message(common, GLINT_CODEC_TRUNCATED);
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_ARITH_NOTIMPL:
    case JERR_IMAGE_TOO_BIG: fail_with_message(common, GLINT_CODEC_UNSUPPORTED);
    default: fail_with_message(common, GLINT_CODEC_CORRUPT);
    }
}

// For damaged data libjpeg warns and fills in gray. Such a picture is not accepted, so a warning is an error here.
static void on_message(j_common_ptr common, int level) {
    if (level >= 0) return;
    switch (common->err->msg_code) {
    case JWRN_JPEG_EOF: fail_with_message(common, GLINT_CODEC_TRUNCATED);
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR: return;  // all of the picture is there
    default: fail_with_message(common, GLINT_CODEC_CORRUPT);
    }
}

static void print_nothing(j_common_ptr common) { (void)common; }

static void start(jpeg_job *job) {
    job->common.err = jpeg_std_error(&job->errors);
    job->errors.error_exit = on_error;
    job->errors.emit_message = on_message;
    job->errors.output_message = print_nothing;
    job->common.client_data = job;
}

// MARK: Decoding

static void on_progress(j_common_ptr common) {
    if (((j_decompress_ptr)common)->input_scan_number > MAX_SCANS) {
        fail(common->client_data, GLINT_CODEC_UNSUPPORTED, "more than 100 scans");
    }
}

static void read_metadata(jpeg_job *job) {
    bool has_exif = false;
    for (jpeg_saved_marker_ptr marker = job->decompress.marker_list; marker != NULL; marker = marker->next) {
        glint_metadata_kind kind = GLINT_COMMENT;
        const uint8_t *bytes = marker->data;
        size_t length = marker->data_length;
        if (marker->marker == JPEG_APP0 + 1) {
            if (has_exif || length < EXIF_HEADER || memcmp(bytes, exif_header, EXIF_HEADER) != 0) continue;
            has_exif = true;
            kind = GLINT_EXIF;
            bytes += EXIF_HEADER;
            length -= EXIF_HEADER;
        }
        uint64_t room = job->limits->max_metadata_bytes;
        if (length > room || job->picture->metadata_bytes > room - length
            || job->picture->entry_count >= GLINT_MAX_METADATA_ENTRIES) {
            fail(job, GLINT_CODEC_METADATA_TOO_LARGE, "comments above the limit");
        }
        if (!glint_picture_append(job->picture, kind, "", bytes, length)) {
            fail(job, GLINT_CODEC_NO_MEMORY, "no memory for the metadata");
        }
    }
}

/// a * b / 255, rounded.
static uint8_t product(uint8_t a, uint8_t b) {
    unsigned value = (unsigned)a * b + 128;
    return (uint8_t)((value + (value >> 8)) >> 8);
}

/// Adobe's CMYK holds 255 minus each ink; R = K' - K' * (255 - C') / 255, rounded as Pillow does.
static void row_from_cmyk(const uint8_t *cmyk, uint8_t *rgb, size_t width) {
    for (size_t x = 0; x < width; x++, cmyk += 4, rgb += 3) {
        for (int channel = 0; channel < 3; channel++) {
            rgb[channel] = cmyk[3] - product(255 - cmyk[channel], cmyk[3]);
        }
    }
}

static void read_rows(jpeg_job *job) {
    j_decompress_ptr jpeg = &job->decompress;
    size_t row_bytes = (size_t)job->picture->width * 3;
    bool is_cmyk = jpeg->out_color_space == JCS_CMYK;
    JSAMPARRAY inks = NULL;
    if (is_cmyk) inks = jpeg->mem->alloc_sarray(&job->common, JPOOL_IMAGE, jpeg->output_width * 4, 1);
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *row = job->picture->rgb + row_bytes * jpeg->output_scanline;
        if (jpeg_read_scanlines(jpeg, is_cmyk ? inks : &row, 1) != 1) fail(job, GLINT_CODEC_CORRUPT, "a row is missing");
        if (is_cmyk) row_from_cmyk(inks[0], row, job->picture->width);
    }
}

static glint_codec_status decode(jpeg_job *job, const uint8_t *bytes, size_t length) {
    if (setjmp(job->jump)) return job->status;
    j_decompress_ptr jpeg = &job->decompress;
    jpeg_create_decompress(jpeg);
    jpeg->client_data = job;
    job->progress.progress_monitor = on_progress;
    jpeg->progress = &job->progress;
    jpeg_save_markers(jpeg, JPEG_COM, 0xFFFF);
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xFFFF);
    jpeg_mem_src(jpeg, bytes, length);
    jpeg_read_header(jpeg, TRUE);
    glint_codec_status size = glint_picture_check_size(job->picture, job->limits, jpeg->image_width, jpeg->image_height);
    if (size != GLINT_CODEC_OK) fail(job, size, "");

    bool is_cmyk = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    if (jpeg->jpeg_color_space == JCS_UNKNOWN) fail(job, GLINT_CODEC_UNSUPPORTED, "an unknown colour space");
    jpeg->out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(jpeg);
    if (jpeg->output_components != (is_cmyk ? 4 : 3)) fail(job, GLINT_CODEC_UNSUPPORTED, "rows that are not RGB");
    if (!glint_picture_allocate(job->picture)) fail(job, GLINT_CODEC_NO_MEMORY, "no memory for the picture");
    read_rows(job);
    read_metadata(job);  // jpeg_finish_decompress frees the markers
    jpeg_finish_decompress(jpeg);
    return GLINT_CODEC_OK;
}

glint_codec_status glint_jpeg_decode(
    const uint8_t *bytes, size_t length, const glint_codec_limits *limits, glint_picture *picture
) {
    jpeg_job job = {.picture = picture, .limits = limits};
    start(&job);
    glint_codec_status status = decode(&job, bytes, length);
    jpeg_destroy(&job.common);
    return status;
}

// MARK: Encoding

static void point_at_free_room(jpeg_job *job) {
    if (!glint_picture_reserve(job->picture, OUTPUT_BLOCK)) fail(job, GLINT_CODEC_NO_MEMORY, "no memory for the file");
    job->destination.next_output_byte = job->picture->file + job->picture->file_length;
    job->destination.free_in_buffer = job->picture->file_capacity - job->picture->file_length;
}

static void init_destination(j_compress_ptr jpeg) { point_at_free_room(jpeg->client_data); }

// libjpeg calls this function when the whole buffer is full, regardless of the pointers.
static boolean empty_output_buffer(j_compress_ptr jpeg) {
    jpeg_job *job = jpeg->client_data;
    job->picture->file_length = job->picture->file_capacity;
    point_at_free_room(job);
    return TRUE;
}

static void term_destination(j_compress_ptr jpeg) {
    jpeg_job *job = jpeg->client_data;
    job->picture->file_length = job->picture->file_capacity - job->destination.free_in_buffer;
}

static glint_codec_status encode(jpeg_job *job) {
    if (setjmp(job->jump)) return job->status;
    j_compress_ptr jpeg = &job->compress;
    jpeg_create_compress(jpeg);
    jpeg->client_data = job;
    job->destination.init_destination = init_destination;
    job->destination.empty_output_buffer = empty_output_buffer;
    job->destination.term_destination = term_destination;
    jpeg->dest = &job->destination;

    jpeg->image_width = job->picture->width;
    jpeg->image_height = job->picture->height;
    jpeg->input_components = 3;
    jpeg->in_color_space = JCS_RGB;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, job->quality, TRUE);
    jpeg->optimize_coding = TRUE;
    if (job->full_chroma) jpeg->comp_info[0].h_samp_factor = jpeg->comp_info[0].v_samp_factor = 1;

    jpeg_start_compress(jpeg, TRUE);
    for (size_t i = 0; i < job->picture->entry_count; i++) {
        glint_metadata_entry *entry = &job->picture->entries[i];
        size_t header = entry->kind == GLINT_EXIF ? EXIF_HEADER : 0;
        if (entry->length > 65533 - header) fail(job, GLINT_CODEC_METADATA_TOO_LARGE, "a comment of more than 65,533 bytes");
        jpeg_write_m_header(jpeg, header > 0 ? JPEG_APP0 + 1 : JPEG_COM, (unsigned)(header + entry->length));
        for (size_t at = 0; at < header; at++) jpeg_write_m_byte(jpeg, exif_header[at]);
        for (size_t at = 0; at < entry->length; at++) jpeg_write_m_byte(jpeg, (uint8_t)entry->text[at]);
    }
    size_t row_bytes = (size_t)job->picture->width * 3;
    while (jpeg->next_scanline < jpeg->image_height) {
        JSAMPROW row = (JSAMPROW)(job->rgb + row_bytes * jpeg->next_scanline);
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
    return GLINT_CODEC_OK;
}

glint_codec_status glint_jpeg_encode(const uint8_t *rgb, int quality, bool full_chroma, glint_picture *picture) {
    jpeg_job job = {.picture = picture, .rgb = rgb, .quality = quality, .full_chroma = full_chroma};
    start(&job);
    glint_codec_status status = encode(&job);
    jpeg_destroy(&job.common);
    return status;
}
