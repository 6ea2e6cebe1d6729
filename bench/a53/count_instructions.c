/* count_instructions: a QEMU TCG plugin that counts the instructions a program executes in user mode, all threads
 * together, and writes the number to a file:
 *
 *   gcc -O2 -shared -fPIC count_instructions.c -o count_instructions.so
 *   qemu-aarch64 -cpu cortex-a53 -plugin ./count_instructions.so,out=FILE ./program
 *
 * Made for qemu 7.2 (Debian 12), any processor. Instructions are counted by blocks, which a signal or a fault may leave
 * before their end; what the kernel does is not counted. It says nothing about time: a Cortex-A53 starts up to two
 * instructions in a cycle, and waits for memory.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- the part of QEMU's plugin interface (version 1) that is used here ---- */
#define EXPORT __attribute__((visibility("default")))
typedef uint64_t plugin_id;
struct qemu_plugin_tb;
enum { INLINE_ADD_U64 = 0 };
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
extern void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);
EXPORT int qemu_plugin_version = 1;

static uint64_t instructions;
static const char *out;

static void on_block(plugin_id id, struct qemu_plugin_tb *block) {
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, INLINE_ADD_U64, &instructions, qemu_plugin_tb_n_insns(block));
}

static void at_exit(plugin_id id, void *unused) {
    (void)id, (void)unused;
    FILE *file = out ? fopen(out, "w") : stderr;
    if (file == NULL || fprintf(file, "%" PRIu64 "\n", instructions) < 0 || (out && fclose(file) != 0)) {
        fprintf(stderr, "count_instructions: cannot write to '%s'\n", out ? out : "standard error");
    }
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; ++i) {
        if (strncmp(argv[i], "out=", 4) != 0) {
            fprintf(stderr, "count_instructions: found '%s', expected out=FILE\n", argv[i]);
            return -1;
        }
        out = strdup(argv[i] + 4);
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
