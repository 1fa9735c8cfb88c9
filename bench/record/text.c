/* Looks at the characters of a text, one after the other. */
#include "record/text.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { CUT_OFF = -1, INVALID = -2 };

/* The character at the start of a text and how many bytes it takes; 1 where it is none. */
static int32_t next_character(const unsigned char *text, size_t *n_bytes)
{
    static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t n = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2 : (text[0] & 0xf0) == 0xe0 ? 3
        : text[0] >= 0xf0 && text[0] < 0xf5 ? 4 : 0;
    *n_bytes = 1;
    if (n <= 1)
        return n ? text[0] : INVALID;
    int32_t character = text[0] & (0x7f >> n);
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return text[i] ? INVALID : CUT_OFF;
        character = character << 6 | (text[i] & 0x3f);
    }
    if (character < least[n] || character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
        return INVALID;
    *n_bytes = n;
    return character;
}

/* Controls, what has no width, what turns the direction of writing, and what will never be a character. */
static bool is_printable(int32_t c)
{
    static const struct { int32_t first, last; } hidden[] = {
        { 0, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x61c, 0x61c }, { 0x180e, 0x180e }, { 0x200b, 0x200f },
        { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xe000, 0xf8ff }, { 0xfdd0, 0xfdef }, { 0xfeff, 0xfeff },
        { 0xfff9, 0xfffb }, { 0xe0000, 0x10ffff },
    };
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (c >= hidden[i].first && c <= hidden[i].last)
            return false;
    return c >= 0 && (c & 0xfffe) != 0xfffe;
}

bool text_is_printable(const char *text)
{
    size_t n_bytes;
    for (; *text; text += n_bytes)
        if (!is_printable(next_character((const unsigned char *)text, &n_bytes)))
            return false;
    return true;
}

void text_clean(char *text)
{
    char *out = text;
    size_t n_bytes;
    for (const char *in = text; *in; in += n_bytes) {
        int32_t character = next_character((const unsigned char *)in, &n_bytes);
        if (character == CUT_OFF)
            break;
        if (is_printable(character)) {
            memmove(out, in, n_bytes);
            out += n_bytes;
        } else {
            *out++ = character >= '\t' && character <= '\r' ? ' ' : '?';
        }
    }
    *out = '\0';
}
