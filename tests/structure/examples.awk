# Turns examples into sources that can be compiled. Usage: awk -v out=DIR -f examples.awk FILE...
#
# In a Markdown file each ```cpp block is one, in a header each run of comment lines that follows a line "// Example:" and is
# indented by four spaces:
#
#     // Example:
#     //     auto model = llmzero::load("model.gguf").value();
#
# An example with a main() is a whole program; any other is taken as the body of a function, with <llmzero/llmzero.hpp> and
# <iostream> included.
function begin() { text = ""; active = 1; first = FNR + 1; source = FILENAME }
function finish(    name) {
    if (!active) { return }
    active = 0
    if (text !~ /[^ \t\n]/) { return }
    name = source
    gsub(/[^A-Za-z0-9]/, "_", name)
    name = out "/" name "_" ++count[source] ".cpp"
    line = "#line " first " \"" source "\"\n"
    if (text ~ /int main\(/) {
        printf "%s%s", line, text > name
    } else {
        printf "#include <llmzero/llmzero.hpp>\n#include <iostream>\nvoid example();\nvoid example() {\n%s%s}\n", line, text > name
    }
    close(name)
}
FNR == 1 { finish() }
FILENAME ~ /\.md$/ {
    if (/^```cpp[ \t]*$/) { begin(); next }
    if (/^```/) { finish(); next }
    if (active) { text = text $0 "\n" }
    next
}
/^[ \t]*\/\/ Example:/ { finish(); begin(); next }
active {
    if (/^[ \t]*\/\/     /) { sub(/^[ \t]*\/\/     /, ""); text = text $0 "\n" }
    else if (/^[ \t]*\/\/[ \t]*$/) { text = text "\n" }
    else { finish() }
}
END { finish() }
