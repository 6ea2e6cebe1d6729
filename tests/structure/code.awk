# Prints "file:line:code" for each line of C++ that holds code: comments are gone, strings and characters are empty.
# Names in #include lines stay.
function code_of(line,    out, i, c, two, quote, previous) {
    if (!in_comment && line ~ /^[ \t]*#[ \t]*include/) {
        sub(/\/\/.*/, "", line)
        return line
    }
    out = ""
    for (i = 1; i <= length(line); ++i) {
        c = substr(line, i, 1)
        two = substr(line, i, 2)
        if (in_comment) {
            if (two == "*/") { in_comment = 0; ++i }
        } else if (quote != "") {
            if (c == "\\") { ++i } else if (c == quote) { out = out c; quote = "" }
        } else if (two == "//") {
            break
        } else if (two == "/*") {
            in_comment = 1; ++i
        } else {
            # An apostrophe after a digit separates digits: 1'000.
            if (c == "\"" || (c == "'" && previous !~ /[0-9a-fA-F]/)) { quote = c }
            out = out c
        }
        previous = c
    }
    return out
}
FNR == 1 { in_comment = 0 }
{
    code = code_of($0)
    if (code ~ /[^ \t]/) { printf "%s:%d:%s\n", FILENAME, FNR, code }
}
