/* Frames of echo: written and checked in the byte order of this machine, which both ends are on. */
#include "echo.h"

#include <string.h>

enum { WORD_BYTES = sizeof(uint64_t) };

/* The word of the frame that starts at byte `at`. */
static uint64_t word_of(size_t frame_bytes, uint64_t token, size_t at)
{
    if (at == 0)
        return token;
    return at == WORD_BYTES ? frame_bytes : workload_mix(token + at);
}

static size_t word_bytes(size_t frame_bytes, size_t at)
{
    return frame_bytes - at < WORD_BYTES ? frame_bytes - at : WORD_BYTES;
}

void echo__frame_write(unsigned char *frame, size_t frame_bytes, uint64_t token)
{
    for (size_t at = 0; at < frame_bytes; at += WORD_BYTES) {
        uint64_t word = word_of(frame_bytes, token, at);

        memcpy(frame + at, &word, word_bytes(frame_bytes, at));
    }
}

uint64_t echo__frame_token(const unsigned char *frame)
{
    uint64_t token;

    memcpy(&token, frame, WORD_BYTES);
    return token;
}

bool echo__frame_holds(const unsigned char *frame, size_t frame_bytes, uint64_t token)
{
    for (size_t at = 0; at < frame_bytes; at += WORD_BYTES) {
        uint64_t word = word_of(frame_bytes, token, at);

        if (memcmp(frame + at, &word, word_bytes(frame_bytes, at)))
            return false;
    }
    return true;
}
