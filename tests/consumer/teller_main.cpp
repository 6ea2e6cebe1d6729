// A program with two copies of llmzero: its own, and one inside a shared library that was compiled with other options.
#include "tell.hpp"
#include "teller.hpp"

#include <cstdio>
#include <cstring>

int main(int argc, char ** argv) {
    if (argc != 2) {
        std::puts("usage: teller-user MODEL");
        return 2;
    }
    char theirs[512] = "";
    char own[512] = "";
    if (teller_tell(argv[1], theirs, sizeof theirs) == 0 || tell(argv[1], own) == 0) {
        std::puts("no text");
        return 1;
    }
    std::printf("%s: %s\n%s: %s\n", teller_abi(), theirs, abi_name(), own);
    return std::strcmp(theirs, own) == 0 && std::strcmp(teller_abi(), abi_name()) != 0 ? 0 : 1;
}
