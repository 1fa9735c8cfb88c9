# Reads names, one a line, and prints "did you mean NAME?" for the one that is nearest to -v name=, or nothing where all
# are far from it. Letters' cases do not count.

function least(a, b) { return a < b ? a : b }

# How many letters to insert, leave out or change.
function distance(a, b,    i, j, row, above, left) {
    for (j = 0; j <= length(b); j++)
        row[j] = j
    for (i = 1; i <= length(a); i++) {
        above = row[0]
        row[0] = i
        for (j = 1; j <= length(b); j++) {
            left = least(least(row[j], row[j - 1]) + 1, above + (substr(a, i, 1) != substr(b, j, 1)))
            above = row[j]
            row[j] = left
        }
    }
    return row[length(b)]
}

{
    far = distance(toupper(name), $1)
    if (NR == 1 || far < nearest_far) {
        nearest = $1
        nearest_far = far
    }
}

END {
    if (nearest_far <= length(name) / 2)
        print "did you mean " nearest "?"
}
