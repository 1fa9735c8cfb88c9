# Counts the lines of C files that are neither blank nor comments alone, for a header: LINES_<file> = <lines>.
# A comment mark in a string or a character begins no comment.

function code_of(line,    out, c) {
    out = ""
    while (line != "") {
        if (in_comment) {
            c = index(line, "*/")
            if (c == 0)
                return out
            in_comment = 0
            line = substr(line, c + 2)
        } else if (match(line, /^("([^"\\]|\\.)*"|'([^'\\]|\\.)*')/)) {
            out = out substr(line, 1, RLENGTH)
            line = substr(line, RLENGTH + 1)
        } else if (line ~ /^\/\//) {
            return out
        } else if (line ~ /^\/\*/) {
            in_comment = 1
            line = substr(line, 3)
        } else {
            out = out substr(line, 1, 1)
            line = substr(line, 2)
        }
    }
    return out
}

function name_of(path) {
    sub(/.*\//, "", path)
    sub(/\.c$/, "", path)
    return path
}

FNR == 1 { in_comment = 0; names[++n] = name_of(FILENAME) }
code_of($0) ~ /[^ \t]/ { count[n]++ }
END {
    print "enum {"
    for (i = 1; i <= n; i++)
        printf "    LINES_%s = %d,\n", names[i], count[i]
    print "};"
}
