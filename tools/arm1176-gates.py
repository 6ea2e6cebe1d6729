#!/usr/bin/env python3
"""Writes the gated activations of the ARM1176, include/llmzero/kernels/arm1176_gates.hpp.

    tools/arm1176-gates.py           writes it
    tools/arm1176-gates.py --check   fails when it is not what would be written

What is done to two elements is written down once, in an order that a reader can follow. The next two follow INTERVAL
cycles later, when the first are a third done: an operation goes to the first cycle in which what it needs is there and
no other of any two elements is (modulo scheduling). Four such pairs are a turn of the loop; what of them ends after the
turn has is done in the next.

Latencies are those of the timing model (bench/pizero), for single instructions: no vectors of FPSCR.LEN.
"""

import pathlib
import sys

PAIRS = 4            # of a turn: eight elements, a line of the cache
CONSTANTS = ['log2_e', 'to_integer', 'ln2_high', 'ln2_low', 'q0', 'q1', 'q2', 'q3', 'q4', 'one', 'a', 'b']
FMAC, DIVIDE, LOAD, TO_CORE, TO_VFP, ALU = 7, 18, 4, 2, 4, 1
DIVIDE_BUSY = 15
WIDTH = 108


class Operation:
    """For one element (text with {0}) or for both (with {0} and {1}): writes `to`, which it may read as well."""

    def __init__(self, text, to, reads, latency, both=False, early=0, pointer=None):
        self.text, self.to, self.reads, self.latency = text, to, reads, latency
        self.both, self.early, self.pointer = both, early, pointer
        self.lanes = [None] if both else [0, 1]


def fmac(name, to, *factors, keeps=False):
    """keeps: it adds to what is in `to`."""
    return Operation(f'{name}.f32', to, list(factors) + ([to] if keeps else []), FMAC)


def operations(has_cubic_argument):
    """x is the gate, later its exponential and then the result. The same steps as in numerics/math.hpp."""
    c = [Operation('vldr', 'x', [], LOAD, both=True, pointer='r0')]
    if has_cubic_argument:
        c += [fmac('vmul', 'y', 'x', 'x'), fmac('vmul', 'y', 'y', 'b'), fmac('vadd', 'y', 'y', 'a'),
              fmac('vmul', 'x', 'x', 'y'), fmac('vmul', 'y', 'x', 'log2_e')]
    else:
        c += [fmac('vnmul', 'y', 'x', 'log2_e')]
    c += [fmac('vadd', 'y', 'y', 'to_integer'),
          Operation('vmov to core', 'K', ['y'], TO_CORE, both=True),
          fmac('vsub', 'y', 'y', 'to_integer'),
          fmac('vmls' if has_cubic_argument else 'vnmla', 'x', 'y', 'ln2_high', keeps=True),
          fmac('vmls', 'x', 'y', 'ln2_low', keeps=True),
          fmac('vmul', 'h', 'x', 'q3'), fmac('vmul', 's', 'x', 'x'), fmac('vadd', 'h', 'h', 'q2'),
          fmac('vmul', 'l', 'x', 'q1'), fmac('vmla', 'h', 's', 'q4', keeps=True), fmac('vadd', 'l', 'l', 'q0'),
          fmac('vmla', 'l', 's', 'h', keeps=True), fmac('vmla', 'x', 's', 'l', keeps=True),
          fmac('vadd', 'x', 'x', 'one'),
          Operation('vmov to core', 'E', ['x'], TO_CORE, both=True),
          Operation('add {E}, {E}, {K}, lsl #23', 'E', ['E', 'K'], ALU, early=1),
          Operation('vmov to vfp', 'x', ['E'], TO_VFP, both=True),
          fmac('vadd', 'x', 'x', 'one'),
          Operation('vldr', 'n', [], LOAD, both=True, pointer='r0'),
          Operation('vdiv.f32', 'x', ['n', 'x'], DIVIDE),
          Operation('vldr', 'u', [], LOAD, both=True, pointer='r1'),
          fmac('vmul', 'x', 'x', 'u'),
          Operation('vstr', None, ['x'], 0, both=True, pointer='r0')]
    return c


class Loop:
    def __init__(self, has_cubic_argument, interval):
        self.interval = interval
        self.turn = PAIRS * interval
        self.constants = CONSTANTS[:12 if has_cubic_argument else 10]
        self.code = operations(has_cubic_argument)
        self.place()
        self.assign_registers()
        self.fill_in()

    def place(self):
        """self.placed: (cycle, operation, lane), cycles counted from where the pair begins."""
        taken, divides = set(), []
        ready = {}      # (variable, lane): cycle
        last_read = {}  # the same: cycle of the last instruction that uses it
        self.placed = []
        for op in self.code:
            at = 0
            for lane in op.lanes:
                lanes = [0, 1] if op.both else [lane]
                at = 0
                for name in op.reads:
                    for i in lanes:
                        late = op.early if name == 'K' else 0
                        at = max(at, ready.get((name, i), 0) + late)
                if op.to in ('n', 'u'):  # not long before it is needed
                    at = max(at, max(ready[('x', i)] for i in (0, 1)) - (12 if op.to == 'n' else 6))
                if op.to:
                    for i in lanes:
                        at = max(at, last_read.get((op.to, i), -1) + 1)
                while at % self.interval in taken or (op.text.startswith('vdiv') and any(
                        min((at - d) % self.interval, (d - at) % self.interval) < DIVIDE_BUSY for d in divides)):
                    at += 1
                    if at > 2 * self.turn:
                        raise ValueError('no cycle is free')
                taken.add(at % self.interval)
                if op.text.startswith('vdiv'):
                    divides.append(at)
                self.placed.append((at, op, lane))
                for i in lanes:
                    for name in op.reads:
                        last_read[(name, i)] = max(last_read.get((name, i), 0), at)
                    if op.to:
                        ready[(op.to, i)] = at + op.latency
        self.length = max(at for at, _, _ in self.placed) + 1
        if self.length > 2 * self.turn:
            raise ValueError('too long')
        self.free = [c for c in range(self.interval) if c not in taken]

    def assign_registers(self):
        """self.register[pair, variable]: a double of the VFP, or two of the core. What is done in this turn and in the
        next has the same."""
        life = {}
        for at, op, _ in self.placed:
            for name in op.reads + ([op.to] if op.to else []):
                if name not in self.constants:
                    first, last = life.get(name, (at, at))
                    life[name] = (min(first, at), max(last, at))
        self.register = {}
        doubles = [(f's{2 * i}', f's{2 * i + 1}') for i in range(16)]
        of_constants = [doubles.pop() for _ in range((len(self.constants) + 1) // 2)][::-1]
        self.constant = dict(zip(self.constants, sum(of_constants, ())))
        self.first_constant = of_constants[0][0]
        self.last_constant = self.constant[self.constants[-1]]
        core = [('r4', 'r5'), ('r6', 'r7'), ('r8', 'r9'), ('r10', 'r11'), ('r12', 'lr')]
        used = {}
        for pair in range(PAIRS):
            for name, (first, last) in sorted(life.items(), key=lambda item: item[1]):
                if last - first >= self.turn:
                    raise ValueError('a register is needed for too long')
                cycles = {(pair * self.interval + c) % self.turn for c in range(first, last + 1)}
                for pool in core if name in 'KE' else doubles:
                    if not used.setdefault(pool, set()) & cycles:
                        used[pool] |= cycles
                        self.register[pair, name] = pool
                        break
                else:
                    raise ValueError('too few registers')
        self.n_doubles = len([p for p in used if p[0][0] == 's']) + len(of_constants)

    def text(self, op, lane, pair, offset):
        def name_of(variable, i):
            return self.constant.get(variable) or self.register[pair, variable][i]
        if op.text == 'vmov to core':
            (a, b), (s, t) = self.register[pair, op.to], self.register[pair, op.reads[0]]
            return f'vmov {a}, {b}, {s}, {t}'
        if op.text == 'vmov to vfp':
            (s, t), (a, b) = self.register[pair, op.to], self.register[pair, op.reads[0]]
            return f'vmov {s}, {t}, {a}, {b}'
        if op.pointer:
            double = 'd%d' % (int(name_of(op.to or op.reads[0], 0)[1:]) // 2)
            return f'{op.text} {double}, [{op.pointer}' + (f', #{offset}' if offset else '') + ']'
        if '{' in op.text:
            return op.text.format(E=name_of('E', lane), K=name_of('K', lane))
        factors = op.reads[:2] if op.to in op.reads and op.text[:4] in ('vmla', 'vmls', 'vnml') else op.reads
        return f'{op.text} ' + ', '.join(name_of(name, lane) for name in [op.to, *factors])

    def fill_in(self):
        """The turn's instructions by cycle: those of this turn's pairs and of the last one's."""
        slots = {}
        for pair in range(PAIRS):
            for at, op, lane in self.placed:
                late, cycle = divmod(pair * self.interval + at, self.turn)
                assert cycle not in slots
                slots[cycle] = (late, op, lane, pair)
        free = [pair * self.interval + c for pair in range(PAIRS) for c in self.free]
        self.before, self.body, self.after = [], [], []
        # Pointers move at the end, where none is used before the branch.
        extra = {}
        for text, cycle in zip(('pld [r0, #64]', 'pld [r1, #64]'), free):
            extra[cycle] = text
        for cycle in range(self.turn):
            if cycle in extra:
                self.body.append(extra[cycle])
            if cycle in slots:
                late, op, lane, pair = slots[cycle]
                text = self.text(op, lane, pair, 8 * pair - 32 * late)
                self.body.append(text)
                (self.after if late else self.before).append(text)
        self.body += ['add r1, r1, #32', 'add r0, r0, #32', 'cmp r0, r2']

    def lines(self):
        yield from ['add r2, r0, r2, lsl #2', 'push {r4-r11, lr}', 'vpush {d8-d15}']
        yield f'vldmia r3, {{{self.first_constant}-{self.last_constant}}}'
        yield from self.before
        yield from ['add r1, r1, #32', 'add r0, r0, #32', 'cmp r0, r2', 'beq 2f', '1:']
        yield from self.body
        yield from ['bne 1b', '2:']
        yield from self.after
        yield from ['vpop {d8-d15}', 'pop {r4-r11, pc}']


def best(has_cubic_argument):
    """With the shortest interval for which there are enough registers."""
    least = sum(len(op.lanes) for op in operations(has_cubic_argument)) + 1
    for interval in range(least, 2 * least):
        try:
            return Loop(has_cubic_argument, interval)
        except ValueError:
            pass  # a longer one, then
    sys.exit('arm1176-gates.py: found no order')


def function(name, loop):
    yield f'__attribute__((naked, noinline)) inline void {name}(float *, const float *, std::size_t, const float *) {{'
    yield '    __asm__ volatile(".syntax unified\\n"'
    line = ''
    for instruction in loop.lines():
        is_label = instruction.endswith(':')
        if line and (is_label or len(line) + len(instruction) + 2 > WIDTH):
            yield f'        "{line}\\n"'
            line = ''
        line += ('; ' if line else '') + instruction
        if is_label:
            yield f'        "{line}\\n"'
            line = ''
    yield f'        "{line}\\n");'
    yield '}'


HEAD = '''// Gated activations for the ARM1176: gate(n) becomes act(gate) * up, with the bits of numerics/swiglu.hpp and gelu.hpp.
// Written by tools/arm1176-gates.py, which says in what order things are done; a test fails when it is not what that
// writes.
//
// Each step of an exponential waits for the one before, up to 8 cycles, and a division takes 15 of a unit that works
// beside the others: several pairs of elements are in work at once, each INTERVAL cycles behind the one before. Of an
// element (n a multiple of 8) silu takes %(silu).1f cycles and gelu %(gelu).1f, when they are in the cache; to see that
// none is out of bounds takes 1.8.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_ARM1176

#    include <llmzero/numerics/gelu.hpp>
#    include <llmzero/numerics/math.hpp>
#    include <llmzero/numerics/swiglu.hpp>

#    include <bit>
#    include <cstddef>
#    include <cstdint>

namespace llmzero::inline LLMZERO_ABI::kernels::arm1176 {

namespace detail {

// What the loops below compute with, in this order.
struct gate_constants {
    float log2_e = llmzero::detail::exponential::log2_e;
    float to_integer = llmzero::detail::exponential::to_integer;
    float ln2_high = llmzero::detail::exponential::ln2_high;
    float ln2_low = llmzero::detail::exponential::ln2_low;
    float q0 = llmzero::detail::exponential::factors[0];
    float q1 = llmzero::detail::exponential::factors[1];
    float q2 = llmzero::detail::exponential::factors[2];
    float q3 = llmzero::detail::exponential::factors[3];
    float q4 = llmzero::detail::exponential::factors[4];
    float one = 1.0f;
    float linear = llmzero::detail::gelu_linear;
    float cubic = llmzero::detail::gelu_cubic;
};
inline constexpr gate_constants constants_of_gates;

// clang-format off

// Whether the magnitudes of all x(n) are at most `bound`, n a multiple of 8; twice_bound: its bits, doubled.
__attribute__((naked, noinline)) inline bool are_within(const float *, std::size_t, std::uint32_t /* twice_bound */) {
    __asm__ volatile(".syntax unified\\n"
        "push {r4-r9}; add r1, r0, r1, lsl #2\\n"
        "1:\\n"
        "ldmia r0!, {r3-r6}; pld [r0, #80]; cmp r2, r3, lsl #1; ldmia r0!, {r7-r9, r12}; cmpcs r2, r4, lsl #1\\n"
        "cmpcs r2, r5, lsl #1; cmpcs r2, r6, lsl #1; cmpcs r2, r7, lsl #1; cmpcs r2, r8, lsl #1\\n"
        "cmpcs r2, r9, lsl #1; cmpcs r2, r12, lsl #1; bcc 2f; cmp r0, r1; bne 1b\\n"
        "2:\\n"
        "mov r0, #0; movcs r0, #1; pop {r4-r9}; bx lr\\n");
}

// gate(n), up(n), n a multiple of 8 above 0; the constants.
'''

TAIL = '''// clang-format on

inline bool are_within(const float * x, std::size_t n, float bound) {
    return are_within(x, n, 2 * std::bit_cast<std::uint32_t>(bound));
}

} // namespace detail

inline void swiglu(float * gate, const float * up, std::size_t n) {
    const std::size_t whole = n / 8 * 8;
    if (whole == 0 || !detail::are_within(gate, whole, 87.0f)) {
        return llmzero::swiglu(gate, up, n);
    }
    detail::multiply_by_silu(gate, up, whole, &detail::constants_of_gates.log2_e);
    llmzero::swiglu(gate + whole, up + whole, n - whole);
}

inline void geglu(float * gate, const float * up, std::size_t n) {
    const std::size_t whole = n / 8 * 8;
    if (whole == 0 || !detail::are_within(gate, whole, 9.5f)) { // where the exponent is 76
        return llmzero::geglu(gate, up, n);
    }
    detail::multiply_by_gelu(gate, up, whole, &detail::constants_of_gates.log2_e);
    llmzero::geglu(gate + whole, up + whole, n - whole);
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176

#endif
'''


def header():
    silu, gelu = best(False), best(True)
    head = HEAD.replace('INTERVAL', f'{silu.interval} or {gelu.interval}')
    head %= {'silu': len(silu.body) / 8, 'gelu': len(gelu.body) / 8}
    return '\n'.join([head + '\n'.join(function('multiply_by_silu', silu)), '',
                      *function('multiply_by_gelu', gelu)]) + '\n' + TAIL


def main(words):
    path = pathlib.Path(__file__).resolve().parent.parent / 'include/llmzero/kernels/arm1176_gates.hpp'
    if words == ['--check']:
        if path.read_text() != header():
            sys.exit(f'{path} is not what tools/arm1176-gates.py writes: run it')
    elif words:
        sys.exit('usage: arm1176-gates.py [--check]')
    else:
        path.write_text(header())


if __name__ == '__main__':
    main(sys.argv[1:])
