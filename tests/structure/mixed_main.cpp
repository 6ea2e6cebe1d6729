// Links parts of one program that were compiled for different instruction sets, with and without exceptions. Each has
// to work, and each has to have its own copy of the library's inline functions.
#include "embedded_model.hpp"
#include "mixed.hpp"

#include <cstdio>

namespace {

bool has_the_other_target() {
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_cpu_supports("avx2");
#else
    return true;
#endif
}

bool check(const char * name, const mixed_result & told) {
    std::printf("%s: %s: %s: %s\n", name, told.abi.c_str(), told.ok ? "told" : "failed", told.text.c_str());
    return told.ok;
}

} // namespace

int main() {
    const mixed_result plain = run_plain(embedded_model());
    const mixed_result nothrow = run_nothrow(embedded_model());
    bool ok = check("plain", plain);
    ok = check("nothrow", nothrow) && ok;
    if (plain.throws == (plain.abi == nothrow.abi)) {
        std::puts("exceptions are not in the name of the inline namespace");
        ok = false;
    }
    if (!has_the_other_target()) {
        std::puts("target: not run, this processor has no AVX2");
        return ok ? 0 : 1;
    }
    const mixed_result target = run_target(embedded_model());
    ok = check("target", target) && ok;
    if (target.abi == plain.abi) {
        std::puts("the instruction set is not in the name of the inline namespace");
        ok = false;
    }
    return ok ? 0 : 1;
}
