#!/usr/bin/env python3
"""Writes the inner loops of the ARM1176 kernels, include/llmzero/kernels/arm1176_streams.hpp.

    tools/arm1176-streams.py           writes it
    tools/arm1176-streams.py --check   fails when it is not what would be written

A loop is written down here in an order that a reader can follow. The scheduler below then puts it into the order in which
the core waits least: in-order single issue, with the latencies of the ARM1176 technical reference manual (DDI 0301H,
chapter 16), looking a few instructions ahead. Addresses are written as places in a group; the offset from the pointer's
momentary value is filled in afterwards, so that loads may move past the loads that advance it.

Registers, one token: r0 activations, r1 weights, r4-r7 factors of the activations, lr the mask, r12 what is needed for
a moment. r2-r3, r8-r9 and r10-r11 are in turn the words of a pair of rows, its sums, and what is masked; with 8 bits the
words are r8-r11, the sums r2-r3, and what is masked r12 and lr. VFP works on vectors of eight rows (FPSCR.LEN): s8-s15
sums, s16-s23 scales or offsets, s24-s31 totals; in the scalar bank the group's scale of activations s0, what its sums
begin from s1, its sums of activations s2 and s3, and sums of first halves s4 and s5.

Four tokens: r0 and r1 as above, r2-r5 sums of a row, r6-r12 words and factors as they are needed, lr the mask. VFP works
on vectors of the four tokens.
"""

import pathlib
import sys

X, W = 'r0', 'r1'
FACTORS = ['r4', 'r5', 'r6', 'r7']
LOOK_AHEAD = 24       # instructions that the scheduler may choose from
PREFETCH_BYTES = 96   # beyond a group's scales: three lines, so that two are always on their way
NOTHING = 'nothing'   # what sums begin from
# Cycles for a multiply-accumulate under the timing model with 576 (512 where a type of files has blocks of 256) and with
# 1536 columns, weights from memory.
MODELLED = {'stream_4_f32': (576, 1.31, 1.31), 'stream_4_f32_offset': (512, 1.44, 1.44),
            'stream_4_halves_f32': (512, 1.52, 1.53), 'stream_4_halves_f32_offset': (512, 1.90, 1.94),
            'stream_5_f16': (576, 1.59, 1.58), 'stream_5_f32_offset': (512, 1.90, 1.94),
            'stream_6_halves_f32': (512, 1.90, 1.94), 'stream_8_f16': (576, 2.03, 2.05),
            'stream_8_f32_offset': (512, 2.35, 2.38)}
X_GROUP_BYTES = 96   # sizeof(activation_group)
X_START, X_SCALE, X_HALF_START, X_HALF_SCALE, X_SUM, X_HALF_SUM = 64, 68, 72, 80, 84, 88
# activation_quad, counted from its factors.
FACTORS_AT = 48
SIXES_SCALE, SIXES_HALF_START = 80, 84  # sixes_group
SIXES_QUAD_FACTORS_AT, SIXES_QUAD_HALF_START, SIXES_QUAD_SCALE = 32, -32, 320
X_QUAD_HALF_START, X_QUAD_START, X_QUAD_SCALE, X_QUAD_HALF_SCALE, X_QUAD_SUM, X_QUAD_HALF_SUM = -48, -16, 256, 272, 288, 304


class Operation:
    """reads in the normal stage, `early` one cycle sooner, `sum` the accumulator of a product; writes: (register, latency)."""

    def __init__(self, text, reads=(), early=(), sum=None, writes=(), beats=0, place=None, step=None, order=None,
                 fmac=0):
        self.text, self.reads, self.early, self.sum = text, list(reads), list(early), sum
        self.writes, self.beats = list(writes), beats
        self.place = place  # (pointer, place in the group)
        self.step = step    # (pointer, bytes that it advances by)
        self.order = order  # operations with the same tag stay in order
        self.fmac = fmac    # cycles in the VFP's pipe for sums and products

    def uses(self):
        return self.reads + self.early + ([self.sum] if self.sum else [])


class Code:
    """Operations in the order of a reader."""

    def __init__(self):
        self.operations = []

    def add(self, *args, **kwargs):
        self.operations.append(Operation(*args, **kwargs))

    def smlad(self, to, a, b, start=None):
        self.add(f'smlad {to}, {a}, {b}, {start or to}', early=[a, b], sum=start or to, writes=[(to, 3)])

    def smulw(self, to, a, b, half):
        self.add(f'smulw{half} {to}, {a}, {b}', early=[a, b], writes=[(to, 3)])

    def smlaw(self, to, a, b, half, start):
        self.add(f'smlaw{half} {to}, {a}, {b}, {start}', early=[a, b], sum=start, writes=[(to, 3)])

    def smuad(self, to, a, b):
        self.add(f'smuad {to}, {a}, {b}', early=[a, b], writes=[(to, 3)])

    def shifted(self, text, to, normal, early):
        self.add(text, reads=normal, early=early, writes=[(to, 1)])

    def without_top(self, to, a, shift):
        self.shifted(f'bic {to}, {a}, lr, lsl #{shift}', to, [a], ['lr'])

    def lowest(self, to, a, shift):
        self.shifted(f'and {to}, lr, {a}, lsl #{shift}', to, ['lr'], [a])

    def masked(self, to, a, shift):
        self.shifted(f'and {to}, lr, {a}' + (f', lsl #{shift}' if shift else ''), to, ['lr'], [a])

    def low_bytes(self, to, a):
        self.shifted(f'uxtb16 {to}, {a}', to, [], [a])

    def load(self, to, pointer, place):
        self.add(f'ldr {to}, [{pointer}, #@]', early=[pointer], writes=[(to, 3)], beats=1, place=(pointer, place))

    def load_many(self, pointer, to, upwards=True):
        n_bytes = 4 * len(to)
        self.add(f"ldm{'ia' if upwards else 'db'} {pointer}!, {{{', '.join(to)}}}", early=[pointer],
                 writes=[(r, 3 + i // 2) for i, r in enumerate(to)], beats=(len(to) + 1) // 2,
                 step=(pointer, n_bytes if upwards else -n_bytes))

    def prefetch(self, pointer, place):
        self.add(f'pld [{pointer}, #@]', early=[pointer], beats=1, place=(pointer, place), order='pld')

    def advance(self, pointer, n_bytes):
        self.add(f"{'add' if n_bytes > 0 else 'sub'} {pointer}, {pointer}, #{abs(n_bytes)}", reads=[pointer],
                 step=(pointer, n_bytes))

    def load_float(self, to, pointer, place):
        self.add(f'vldr s{to}, [{pointer}, #@]', early=[pointer], writes=[(f's{to}', 4)], beats=1, place=(pointer, place))

    def load_pair(self, to, pointer, place):
        self.add(f'vldr d{to // 2}, [{pointer}, #@]', early=[pointer], writes=[(f's{to}', 4), (f's{to + 1}', 4)], beats=1,
                 place=(pointer, place))

    def to_floats(self, to, a, b):
        self.add(f'vmov s{to}, s{to + 1}, {a}, {b}', reads=[a, b], writes=[(f's{to}', 4), (f's{to + 1}', 4)])
        for r in (to, to + 1):
            self.convert(r)

    def convert(self, r):
        self.add(f'vcvt.f32.s32 s{r}, s{r}', reads=[f's{r}'], writes=[(f's{r}', 7)], fmac=1)

    def vector(self, operation, to, a, b):
        """On pairs; b in the scalar bank serves both."""
        reads = [f's{a}', f's{a + 1}', f's{b}'] + ([f's{b + 1}'] if b >= 8 else [])
        if operation == 'vmla':
            reads += [f's{to}', f's{to + 1}']
        self.add(f'{operation}.f32 s{to}, s{a}, s{b}', reads=reads, writes=[(f's{to}', 7), (f's{to + 1}', 7)])


def predecessors(operations):
    """For each operation those that must come before it."""
    last_write, readers, last_of = {}, {}, {}
    result = []
    for i, o in enumerate(operations):
        before = {last_write[r] for r in o.uses() if r in last_write}
        for r, _ in o.writes:
            before |= {last_write[r]} if r in last_write else set()
            before |= set(readers.get(r, ()))
        for tag in [o.order] + [('step', o.step[0]) if o.step else None]:
            if tag:
                before |= {last_of[tag]} if tag in last_of else set()
                last_of[tag] = i
        pointers = {o.place[0]} if o.place else {o.step[0]} if o.step else set()
        for r in o.uses():
            if r not in pointers:
                readers.setdefault(r, []).append(i)
        for r, _ in o.writes:
            last_write[r], readers[r] = i, []
        result.append(before)
    return result


def reach(operation):
    return 1020 if operation.text.startswith('v') else 255 if operation.text.startswith('ldrd') else 4095


def schedule(operations, pointers, look_ahead=LOOK_AHEAD, patient=False, prefetches=(), phase=0.0):
    """patient: what feeds no product goes only where nothing else can. prefetches: places of weights, spread evenly over
    the cycles: the memory waits for the next one as soon as a line has come."""
    due = []
    if prefetches:
        n_cycles = len(prefetches) + scheduled(operations, pointers, look_ahead, patient, [])[1]
        due = [(n_cycles * (i + phase) / len(prefetches), W, place) for i, place in enumerate(prefetches)]
    return scheduled(operations, pointers, look_ahead, patient, due)[0]


def scheduled(operations, pointers, look_ahead, patient, due):
    """Lines of text, and the cycles that they take. due: (cycle, pointer, place)"""
    before = predecessors(operations)
    pointers = dict(pointers)
    ready, is_product, done = {}, {}, set()
    now = pipe_free = fmac_free = 0
    left, lines = list(range(len(operations))), []

    def issue_time(o):
        t = max([now] + [ready.get(r, 0) for r in o.reads] + [ready.get(r, -1) + 1 for r in o.early])
        if o.sum:
            t = max(t, ready.get(o.sum, 0) - (1 if is_product.get(o.sum) else 0))
        return max(t, pipe_free if o.beats else 0, fmac_free if o.fmac else 0)

    while left:
        if due and due[0][0] <= now:
            _, pointer, place = due.pop(0)
            lines.append(f'pld [{pointer}, #{place - pointers[pointer]}]')
            pipe_free = max(now, pipe_free) + 1
            now += 1
            continue
        candidates = []
        for rank, i in enumerate(left[:look_ahead]):
            o = operations[i]
            if before[i] <= done and not (o.place and abs(o.place[1] - pointers[o.place[0]]) > reach(o)):
                candidates.append((issue_time(o), patient and o.text.startswith(('v', 'pld')), rank, i))
        t, _, rank, i = min(candidates)
        o = operations[i]
        left.pop(rank)
        done.add(i)
        lines.append(o.text.replace('#@', f'#{o.place[1] - pointers[o.place[0]]}') if o.place else o.text)
        if o.step:
            pointers[o.step[0]] += o.step[1]
            ready[o.step[0]] = t + 1
        for r, latency in o.writes:
            ready[r], is_product[r] = t + latency, o.text.startswith(('sml', 'smu'))
        if o.beats:
            pipe_free = t + o.beats
        if o.fmac:
            fmac_free = t + o.fmac
        now = t + 1
    return lines + [f'pld [{pointer}, #{place - pointers[pointer]}]' for _, pointer, place in due], now


def mask_lines(bits):
    """lr for products with so many bits."""
    if bits == 6:
        return ['mov lr, #0x000003fc', 'orr lr, lr, #0x00000003', 'orr lr, lr, lr, lsl #16']
    if bits == 8:
        return []
    high, low = {4: (0x0f000000, 0x0f00), 5: (0x03e00000, 0x03e0)}[bits]
    return [f'mov lr, #{high:#010x}', f'orr lr, lr, #{low:#06x}']


class Stream:
    """A tile by one vector. bits: 4, 5, 6 or 8; halves: a factor for each 16 weights; scales: f16 or f32; offsets: one for
    each 32 weights, or with halves for each 16.

    Tiles have many rows, so that the activations are fetched less often. The loop is for a strip of 16 rows, with its
    scales and codes; totals are in y. The sums of 8 rows become part of them at once: one instruction for eight products
    of the VFP, which does them while the core goes on. For the last 8 rows this is left to the products of the next strip,
    the first of which adds nothing to a place on the stack.

    A group's activations are fetched together before its first strip: in the first of its six they may have left the first
    cache, in the others they are there; and where they have left the second cache too, the memory changes its row twice for
    all of them in place of twice for each.

    Sums of 32 begin from nothing, and what they should have begun from is added to the float: as all of them are multiples
    of sum_shift() bits and have at most 24 others, that is exact. Sums of 16 begin from it, as a factor follows: the first
    waits in the VFP, where it stays an integer, for the second to be added, which is exact as well."""

    ROWS = 96
    ON_STACK = ['zeros'] * 8 + ['total', 'end', 'last_total', 'left', 'skip', 'saved', 'fpscr', 'x', 'tile', 'y', 'n_groups']

    def __init__(self, bits, halves, scales, offsets=False):
        self.bits, self.halves, self.scales, self.offsets = bits, halves, scales, offsets
        self.name = f"stream_{bits}{'_halves' if halves else ''}_{scales}{'_offset' if offsets else ''}"
        self.pairs = 8  # of rows in a strip
        self.blocks = {4: [4] * 4, 5: [3] * 5 + [1], 6: [3, 3, 4] * 2, 8: [4] * 4}[bits]  # factors of each block of words
        self.block_words = {4: 2, 5: 2, 6: 2, 8: 4}[bits]
        self.pair_code_bytes = 4 * self.block_words * len(self.blocks)
        self.parts = 2 if halves else 1
        self.n_offsets = self.parts if offsets else 0
        self.x_scale = SIXES_SCALE if bits == 6 else X_HALF_SCALE if scales == 'f16' else X_SCALE
        self.x_half_start = SIXES_HALF_START if bits == 6 else X_HALF_START
        self.pair_scale_bytes = 8 if scales == 'f32' else 4
        self.scale_bytes = self.pairs * (self.pair_scale_bytes + (8 if halves else 0) + 8 * self.n_offsets)
        self.group_bytes = self.scale_bytes + self.pairs * self.pair_code_bytes
        self.stride = self.ROWS // 16 * self.group_bytes
        self.phase = 0.3 if bits == 4 and not halves else 0.0  # of a strip's first prefetch, in distances between two
        # Pairs of registers: words, sums, free. The 8-bit form has its words in r8-r11.
        self.words, self.sums, self.free = ('r8', 'r9'), ('r10', 'r11'), ('r2', 'r3')
        if bits == 8:
            self.sums, self.free = ('r2', 'r3'), ('r12', 'lr')

    def scale_place(self, pair):
        return pair * self.pair_scale_bytes

    def factor_place(self, pair, half):
        return self.pairs * self.pair_scale_bytes + 8 * pair + 4 * half

    def offset_place(self, pair, part):
        return self.factor_place(self.pairs if self.halves else 0, 0) + 8 * self.pairs * part + 8 * pair

    def block(self, c, n_factors, upwards, start, skip, step=None):
        """One block of words of both rows. start: where its sums begin, None to go on; skip: the group ends here; step: of
        something else, to be done meanwhile."""
        f = FACTORS[:n_factors]
        sums = self.sums
        words = ['r8', 'r9', 'r10', 'r11'] if self.bits == 8 else self.words
        if start not in (None, NOTHING):
            c.load(sums[0], X, start)
        c.load_many(X, f, upwards)
        if step:
            step(c)
        if start == NOTHING:
            c.smuad(sums[0], words[0], f[0])
            c.smuad(sums[1], words[1], f[0])
        elif start is not None:
            c.smlad(sums[1], words[1], f[0], sums[0])
            c.smlad(sums[0], words[0], f[0])

        def products(a, b, factor):
            c.smlad(sums[0], a, factor)
            c.smlad(sums[1], b, factor)

        def next_words(to):
            if skip:
                c.advance(W, self.scale_bytes)
            c.load_many(W, to)

        t = self.free
        if self.bits == 4:
            mask = 'r12'
            c.low_bytes(mask, words[0])
            c.without_top(t[0], words[0], 4)
            c.without_top(t[1], words[1], 4)
            if start is None:
                products(words[0], words[1], f[0])
            c.low_bytes(f[0], words[1])
            products(t[0], t[1], f[1])
            next_words(t)
            c.lowest(words[0], words[0], 8)
            c.lowest(words[1], words[1], 8)
            products(mask, f[0], f[2])
            products(words[0], words[1], f[3])
        elif self.bits == 5:
            if n_factors == 3:
                c.without_top(t[0], words[0], 6)
                c.without_top(t[1], words[1], 6)
            if start is None:
                products(words[0], words[1], f[0])
            if n_factors == 3:
                c.lowest(words[0], words[0], 5)
                c.lowest(words[1], words[1], 5)
                products(t[0], t[1], f[1])
            next_words(t)
            if n_factors == 3:
                products(words[0], words[1], f[2])
        elif self.bits == 6:
            for i in (0, 1):
                c.masked(t[i], words[i], 0)
            if start is None:
                products(words[0], words[1], f[0])
            products(t[0], t[1], f[1])
            for i in (0, 1):
                c.masked(words[i], t[i], 6)
            next_words(t)
            products(words[0], words[1], f[2])
            if n_factors == 4:
                for i in (0, 1):
                    c.low_bytes(words[i], words[i])
                products(words[0], words[1], f[3])
        else:
            c.low_bytes(t[0], words[0])
            c.low_bytes(t[1], words[1])
            if start is None:
                products(words[0], words[1], f[0])
            products(t[0], t[1], f[1])
            c.low_bytes(t[0], words[2])
            c.low_bytes(t[1], words[3])
            products(words[2], words[3], f[2])
            next_words(words)
            products(t[0], t[1], f[3])
            return
        self.words, self.free = self.free, self.words  # the next words were loaded into what was free

    def on_stack(self, name):
        """Zeros to add nothing to; places in y: of the next totals, behind the last, of those that are still to be added to;
        groups that are left; bytes of strips that are not wanted; what was pushed."""
        return f'[sp, #{4 * self.ON_STACK.index(name)}]'

    def load_saved(self, c, to, name):
        c.add(f'ldr {to}, {self.on_stack(name)}', writes=[(to, 3)], beats=1, order='stack')

    def many(self, first):
        return [f's{first + i}' for i in range(8)]

    def load_eight(self, c, to, pointer):
        c.add(f'vldmia {pointer}, {{s{to}-s{to + 7}}}', early=[pointer], beats=4,
              writes=[(r, 4 + i // 2) for i, r in enumerate(self.many(to))])

    def eight(self, c, operation, to, a, b):
        """On vectors of eight; b in the scalar bank serves all."""
        reads = self.many(a) + (self.many(b) if b >= 8 else [f's{b}']) + (self.many(to) if operation == 'vmla' else [])
        c.add(f'{operation}.f32 s{to}, s{a}, s{b}', reads=reads, writes=[(r, 7 + i) for i, r in enumerate(self.many(to))],
              fmac=8)

    def save_sums(self, c, pair):
        to = 8 + pair % 4 * 2
        c.add(f'vmov s{to}, s{to + 1}, {self.sums[0]}, {self.sums[1]}', reads=self.sums, writes=[(f's{to}', 4), (f's{to + 1}', 4)])

    def convert_sums(self, c, pair):
        for i in range(2):
            c.convert(8 + pair % 4 * 2 + i)

    def convert_scales(self, c, pair, temporaries):
        """Halves: sign, exponent and mantissa into their places; the exponent's bias is in the units."""
        a, b = temporaries
        to = 16 + pair % 4 * 2
        c.load(a, W, self.scale_place(pair))
        c.shifted(f'sxth {b}, {a}', b, [], [a])
        c.shifted(f'mov {a}, {a}, asr #16', a, [], [a])
        for r in (b, a):
            c.shifted(f'mov {r}, {r}, lsl #13', r, [], [r])
            c.shifted(f'bic {r}, {r}, #0x70000000', r, [r], [])
        c.add(f'vmov s{to}, s{to + 1}, {b}, {a}', reads=[b, a], writes=[(f's{to}', 4), (f's{to + 1}', 4)])

    def load_row_of(self, c, to, place):
        """Eight floats of the tile."""
        c.add('add r12, r1, #@', reads=[W], writes=[('r12', 1)], place=(W, place))
        self.load_eight(c, to, 'r12')

    def scale_half(self, c, pair, part, half):
        """Brings the sums of 16 weights down to their value; those of the first half wait in s4 and s5."""
        t, (a, b) = 'r12', self.free
        c.load(t, W, self.factor_place(pair, half))
        if part == 0:
            c.smulw(self.sums[0], self.sums[0], t, 'b')
            c.smulw(self.sums[1], self.sums[1], t, 't')
            return c.add(f'vmov s4, s5, {self.sums[0]}, {self.sums[1]}', reads=self.sums, writes=[('s4', 4), ('s5', 4)])
        c.add(f'vmov {a}, {b}, s4, s5', reads=['s4', 's5'], writes=[(a, 4), (b, 4)])
        for i, half_word in enumerate('bt'):
            c.smlaw(self.sums[i], self.sums[i], t, half_word, (a, b)[i])

    def steps_before(self, batch):
        """Steps that need no sums: totals, with offsets, and scales."""
        pointer = 'last_total' if batch else 'total'

        def load(c):
            self.load_saved(c, 'r12', pointer)
            self.load_eight(c, 24, 'r12')

        def load_offsets(n):
            return lambda c: self.load_row_of(c, 16, self.offset_place(4 * batch, n))

        def add_offsets(n):
            return lambda c: self.eight(c, 'vmla', 24, 16, 2 + n)

        def load_scales(c):
            self.load_row_of(c, 16, self.scale_place(4 * batch))
        steps = [load]
        for n in range(self.n_offsets):
            steps += [load_offsets(n), add_offsets(n)]
        return steps + ([load_scales, self.multiply_scales] if self.scales == 'f32' else [])

    def multiply_scales(self, c):
        self.eight(c, 'vmul', 16, 16, 0)

    def steps_after(self, batch):
        """Steps that begin with sums that are floats, and scales that are multiplied with that of the activations."""
        def start(c):
            self.eight(c, 'vadd', 8, 8, 1)

        def add(c):
            self.eight(c, 'vmla', 24, 8, 16)

        def store(c):
            self.load_saved(c, 'r12', 'last_total' if batch else 'total')
            c.add('vstmia r12!, {s24-s31}', early=['r12'], reads=self.many(24), writes=[('r12', 1)], beats=4)
            if not batch:
                c.add(f"str r12, {self.on_stack('last_total')}", reads=['r12'], beats=1, order='stack')
        return ([] if self.halves else [start]) + [add, store]

    def group(self):
        """A strip of 16 rows by 32 activations; the factors are read upwards for one pair, downwards for the next."""
        c = Code()
        n_blocks = len(self.blocks)
        prefetches = [PREFETCH_BYTES + self.scale_bytes + 32 * i for i in range(self.group_bytes // 32)]

        def load_scale(c):
            c.load_float(0, X, self.x_scale)
            if not self.halves:
                c.load_float(1, X, X_START)
                c.convert(1)
            for n in range(self.n_offsets):
                c.load_float(2 + n, X, X_HALF_SUM + 4 * n if self.halves else X_SUM)
        steps = [lambda c: self.convert_sums(c, 7)] + self.steps_after(1) + [load_scale] + self.steps_before(0)
        for pair in range(self.pairs):
            upwards = pair % 2 == 0
            last = pair == self.pairs - 1
            for b, n_factors in enumerate(self.blocks if upwards else self.blocks[::-1]):
                part = b * self.parts // n_blocks
                is_first = b * self.parts % n_blocks == 0
                is_last = (b + 1) * self.parts % n_blocks == 0
                half = part if upwards else 1 - part
                start = self.x_half_start + 4 * half if self.halves else NOTHING
                skip = last and b == n_blocks - 1
                self.block(c, n_factors, upwards, start if is_first else None, skip, steps.pop(0) if steps else None)
                if self.halves and is_last:
                    self.scale_half(c, pair, part, half)
                    if part == 0:
                        self.swap_sums(pair, part)
            if last:
                assert not steps
                c.add(f"ldrd r4, r5, {self.on_stack('total')}", writes=[('r4', 3), ('r5', 3)], beats=1, order='stack')
                c.add('add r4, r4, #64', reads=['r4'], writes=[('r4', 1)])
                c.add('cmp r4, r5', reads=['r4', 'r5'], writes=[('flags', 1)])
                c.add(f"str r4, {self.on_stack('total')}", reads=['r4'], beats=1, order='stack')
            if self.scales == 'f16':
                self.convert_scales(c, pair, self.free if self.bits == 8 else ('r12', self.free[0]))
            if last and self.scales == 'f16':
                self.multiply_scales(c)
            self.save_sums(c, pair)
            if not last:
                self.convert_sums(c, pair)
            if pair == 3:
                steps += [self.multiply_scales] if self.scales == 'f16' else []
                steps += self.steps_after(0) + self.steps_before(1)
            self.swap_sums(pair, self.parts - 1)
        before = self.words, self.sums, self.free
        out = schedule(c.operations, {X: 0, W: self.scale_bytes + 4 * self.block_words}, prefetches=prefetches,
                       phase=self.phase)
        assert before == (self.words, self.sums, self.free)
        return out

    def swap_sums(self, pair, part):
        """Conversion goes on while the next sums begin; with three words in a part not always, so that a group ends with
        the registers that it began with."""
        if self.bits != 8 and not (self.bits == 6 and 2 * pair + part in (13, 15)):
            self.sums, self.free = self.free, self.sums

    def lines(self):
        s = self.on_stack
        n_tiles, tile_bytes, n_rows, tile_rows = (f'[sp, #{4 * len(self.ON_STACK) + 64 + 36 + 4 * i}]' for i in range(4))
        first_words = 'ldmia r1!, {r8-r11}' if self.bits == 8 else 'ldmia r1!, {r8, r9}'
        registers = self.words, self.sums, self.free
        group = self.group()
        assert registers == (self.words, self.sums, self.free)
        yield from ['push {r4-r11, lr}', 'vpush {d8-d15}', 'push {r0-r3}']
        yield from ['vmrs r5, fpscr', 'push {r4, r5}', 'orr r5, r5, #0x70000', 'vmsr fpscr, r5', 'sub sp, sp, #52']
        yield from [f'ldr r5, {n_rows}', f'ldr r7, {tile_rows}', f'mov r6, #{self.group_bytes // 16}', 'sub r5, r7, r5']
        yield 'mul r5, r6, r5'
        yield f"str r5, {s('skip')}"
        yield from mask_lines(self.bits)
        yield '2:'
        yield from [f"ldr r4, {s('y')}", f'ldr r5, {n_rows}', f"ldr r1, {s('tile')}", f"ldr r7, {s('n_groups')}"]
        yield from ['add r5, r4, r5, lsl #2', f"ldr r0, {s('x')}", f"str r4, {s('total')}", f"str r5, {s('end')}"]
        yield from [f"str r7, {s('left')}"]
        yield from ['ldr r6, [r0]', 'pld [r0, #32]', 'pld [r0, #64]', 'mov r6, #0']
        for i in [1, *range(8, 32)]:
            yield f'vmov s{i}, r6'
        yield from ['3:', 'vstmia r4!, {s24-s31}', 'cmp r4, r5', 'bne 3b']
        yield from ['mov r4, sp', 'vstmia r4, {s24-s31}', f"str r4, {s('last_total')}"]
        yield from [f'add r1, r1, #{self.scale_bytes}', first_words, '1:']
        yield from group
        yield 'bne 1b'
        yield from [f'pld [r0, #{X_GROUP_BYTES + 32 * i}]' for i in range(3)]
        yield from [f"ldr r5, {s('left')}", f"ldr r6, {s('skip')}", f"ldr r4, {s('y')}", f'add r0, r0, #{X_GROUP_BYTES}']
        yield from [f'sub r1, r1, #{4 * self.block_words}', 'add r1, r1, r6', first_words, 'subs r5, r5, #1']
        yield from [f"str r5, {s('left')}", f"str r4, {s('total')}", 'bne 1b']
        yield from ['vcvt.f32.s32 s14, s14', 'vcvt.f32.s32 s15, s15', f"ldr r12, {s('last_total')}"]
        yield from ([] if self.halves else ['vadd.f32 s8, s8, s1']) + ['vmla.f32 s24, s8, s16', 'vstmia r12!, {s24-s31}']
        if self.scales == 'f16':
            yield from [f'sub r1, r1, #{self.scale_bytes + 4 * self.block_words}', '4:', 'vldmia r1!, {s8-s15}']
            yield from ['vldmia r4, {s16-s23}', 'vmul.f32 s8, s8, s16', 'vstmia r4!, {s8-s15}', 'cmp r4, r12', 'bne 4b']
        yield from [f"ldr r1, {s('tile')}", f'ldr r4, {tile_bytes}', f'ldr r6, {n_tiles}', f"str r12, {s('y')}"]
        yield from ['add r1, r1, r4', 'subs r6, r6, #1', f"str r1, {s('tile')}", f'str r6, {n_tiles}', 'bne 2b']
        yield from ['add sp, sp, #52', 'pop {r4, r5}', 'vmsr fpscr, r5', 'add sp, sp, #16', 'vpop {d8-d15}', 'pop {r4-r11, pc}']


class FourTokens:
    """All rows of a tile by four vectors. Each word of weights is masked in place, view after view, and each view meets
    the factors of the four tokens. Factors come four at a time, as early as there are registers for them.

    Among instructions that could go at once those of the VFP and PLDs are last (see `patient`): they fill the cycles in
    which a product would wait."""

    POOL = ['r6', 'r7', 'r8', 'r9', 'r10', 'r11', 'r12']  # words of weights and factors
    SUMS = ['r2', 'r3', 'r4', 'r5']
    AT_ONCE = 4     # factors of a load
    WORD_AHEAD = 7  # products that a word is loaded before its first
    LOOK_AHEAD = 80
    GROUP_BYTES_AT = 16 + 64 + 36 + 8  # on the stack, behind totals: the third of what came there

    def __init__(self, of):
        self.of = of
        self.name = of.name.replace('stream', 'quad_stream')
        self.rows = 2 * of.pairs
        self.frame = 16 * self.rows
        # Views of each word of a row.
        self.views = {4: [4] * 4, 5: [3] * 5 + [1], 6: [3, 3, 4] * 2, 8: [2] * 8}[of.bits]
        sixes = of.bits == 6
        self.factors_at = SIXES_QUAD_FACTORS_AT if sixes else FACTORS_AT
        self.x_half_start = SIXES_QUAD_HALF_START if sixes else X_QUAD_HALF_START
        self.x_scale = SIXES_QUAD_SCALE if sixes else X_QUAD_HALF_SCALE if of.scales == 'f16' else X_QUAD_SCALE

    def x_lines(self):
        """Lines of a group of activations that are read."""
        ends = [self.x_scale] + ([X_QUAD_SUM] if self.of.offsets else []) + (
            [X_QUAD_HALF_SUM + 16] if self.of.offsets and self.of.halves else [])
        start = self.x_half_start if self.of.halves else X_QUAD_START
        return range((self.factors_at + start) // 32, (self.factors_at + max(ends) + 16 + 31) // 32)

    def word_place(self, row, word):
        block_words = 2 if self.of.bits == 8 else 1
        n_blocks = len(self.views) // block_words
        block = word // block_words
        if row // 2 % 2:
            block = n_blocks - 1 - block
        return (self.of.scale_bytes + row // 2 * self.of.pair_code_bytes + block * block_words * 8
                + word % block_words * 8 + row % 2 * 4)

    def next_view(self, c, word, view):
        if self.of.bits == 8 or (self.of.bits == 4 and view == 2) or view == 3 and self.of.bits == 6:
            c.low_bytes(word, word)
        elif self.of.bits == 6:
            c.masked(word, word, 0 if view == 1 else 6)
        elif view == 1:
            c.without_top(word, word, 4 if self.of.bits == 4 else 6)
        else:
            c.lowest(word, word, 8 if self.of.bits == 4 else 5)

    def start(self, c, place):
        for i in (0, 2):
            a, b = self.SUMS[i:i + 2]
            c.add(f'ldrd {a}, {b}, [{X}, #@]', early=[X], writes=[(a, 3), (b, 3)], beats=1, place=(X, place + 4 * i))

    def to_floats(self, c, to):
        c.to_floats(to, *self.SUMS[:2])
        c.to_floats(to + 2, *self.SUMS[2:])

    def half_scale(self, c, row, half):
        """Brings the sums of a half down to their value."""
        [t] = self.take(1)
        c.load(t, W, self.of.factor_place(row // 2, half))
        for r in self.SUMS:
            c.smulw(r, r, t, 'bt'[row % 2])
        self.free.append(t)

    def scales(self, c, pair):
        """Of both rows, into s2 and s3 or into s4 and s5."""
        to = 2 + pair % 2 * 2
        if self.of.scales == 'f32':
            return c.load_pair(to, W, self.of.scale_place(pair))
        a, b = self.take(2)
        c.load(a, W, self.of.scale_place(pair))
        c.shifted(f'sxth {b}, {a}', b, [], [a])
        c.shifted(f'mov {a}, {a}, asr #16', a, [], [a])
        for r in (b, a):
            c.shifted(f'mov {r}, {r}, lsl #13', r, [], [r])
            c.shifted(f'bic {r}, {r}, #0x70000000', r, [r], [])
        c.add(f'vmov s{to}, s{to + 1}, {b}, {a}', reads=[b, a], writes=[(f's{to}', 4), (f's{to + 1}', 4)])
        self.free += [a, b]

    def load_four(self, c, to, pointer, place):
        for i in (0, 2):
            c.load_pair(to + i, pointer, place + 4 * i)

    def finish_row(self, c, row):
        """Totals are in memory: [row, token]."""
        sums, products, total = (8, 12, 24) if row % 2 == 0 else (16, 20, 24)
        for i in (0, 2):
            c.add(f'vldr d{(total + i) // 2}, [sp, #{16 * row + 4 * i}]', beats=1,
                  writes=[(f's{total + i}', 4), (f's{total + i + 1}', 4)])
        for n in range(self.of.n_offsets):
            if row % 2 == 0:
                c.load_pair((6, 0)[n], W, self.of.offset_place(row // 2, n))
            self.load_four(c, sums, X, X_QUAD_HALF_SUM + 16 * n if self.of.halves else X_QUAD_SUM)
            c.vector('vmla', total, sums, (6, 0)[n] + row % 2)
        self.to_floats(c, sums)
        if self.of.halves:
            c.vector('vadd', sums, sums, products)
        c.vector('vmul', products, 28, 2 + row // 2 % 2 * 2 + row % 2)
        c.vector('vmla', total, sums, products)
        for i in (0, 2):
            c.add(f'vstr d{(total + i) // 2}, [sp, #{16 * row + 4 * i}]', beats=1,
                  reads=[f's{total + i}', f's{total + i + 1}'])

    def take(self, n):
        taken = sorted(self.free[:n], key=self.POOL.index)
        del self.free[:n]
        return taken

    def prefetches(self, n_products):
        """By products: what is fetched meanwhile, (pointer, place)."""
        n_lines, x_lines = self.of.group_bytes // 32, self.x_lines()
        due = {}
        for i in range(n_lines):
            place = PREFETCH_BYTES + self.of.scale_bytes + 32 * i
            if place >= self.of.group_bytes:
                place += self.of.stride - self.of.group_bytes
            due.setdefault(i * n_products // n_lines, []).append((W, place))
        for i, line in enumerate(x_lines):
            due.setdefault(i * n_products // len(x_lines) + 30, []).append(
                (X, 4 * X_GROUP_BYTES + 32 * line - self.factors_at))  # the next group may have left the first cache
        return due

    def group(self):
        c = self.operations()
        n_factors = 4 * sum(self.views)
        c.advance(X, 4 * X_GROUP_BYTES - 4 * n_factors)
        c.add(f'ldr r6, [sp, #{self.frame + self.GROUP_BYTES_AT}]', writes=[('r6', 3)], beats=1)
        c.add('add r1, r1, r6', reads=[W, 'r6'], step=(W, self.of.stride))
        self.count_down(c, self.frame)
        return schedule(c.operations, {X: 0, W: 0}, self.LOOK_AHEAD, patient=True)

    def count_down(self, c, place):
        c.add(f'ldr r6, [sp, #{place}]', writes=[('r6', 3)], beats=1)
        c.add('subs r6, r6, #1', reads=['r6'], writes=[('r6', 1), ('flags', 1)])
        c.add(f'str r6, [sp, #{place}]', reads=['r6'], beats=1)

    def operations(self):
        """Of all rows, without the ends of loops."""
        c = Code()
        c.vector = lambda operation, to, a, b: self.vector(c, operation, to, a, b)
        self.free = list(self.POOL)
        n_factors = 4 * sum(self.views)
        products = [(row, word, view, token) for row in range(self.rows) for word, n_views in enumerate(self.views)
                    for view in range(n_views) for token in range(4)]
        prefetches = self.prefetches(len(products))
        self.load_four(c, 28, X, self.x_scale)
        waiting = []  # factors that were loaded: registers in the order of their use
        words = {}    # (row, word) -> register
        factors_left = [(row, i) for row in range(self.rows) for i in range(0, n_factors, self.AT_ONCE)]
        words_left = [(row, word) for row in range(self.rows) for word in range(len(self.views))]

        def before_next_word():
            row, word = words_left[0] if words_left else (0, 0)
            return (row, word - 1) if word > 0 else (row - 1, len(self.views) - 1)

        def load_factors():
            row, i = factors_left.pop(0)
            if i == 0 and row > 0:
                c.advance(X, -4 * n_factors)
            to = self.take(self.AT_ONCE)
            c.load_many(X, to)
            waiting.extend(to)

        def load_word():
            row, word = words_left.pop(0)
            [words[row, word]] = self.take(1)
            c.load(words[row, word], W, self.word_place(row, word))

        n_for_scales = 2 if self.of.scales == 'f16' else 0  # registers
        pair_wanting_scales = None
        for index, (row, word, view, token) in enumerate(products):
            in_word = view * 4 + token
            n_left = 4 * self.views[word] - in_word
            if (row, word) not in words:
                load_word()
            if row % 2 == 0 and word == len(self.views) // 2 and in_word == 0:
                pair_wanting_scales = row // 2
            wants_word = n_left <= self.WORD_AHEAD and (row, word) == before_next_word()
            if wants_word and self.free:
                load_word()
                wants_word = False
            if pair_wanting_scales is not None and len(self.free) >= n_for_scales + wants_word:
                self.scales(c, pair_wanting_scales)
                pair_wanting_scales = None
            reserved = (n_for_scales if pair_wanting_scales is not None else 0) + wants_word
            while factors_left and len(self.free) >= self.AT_ONCE + reserved:
                load_factors()
            if not waiting:
                load_factors()
            w = words[row, word]
            if token == 0 and view > 0:
                self.next_view(c, w, view)
            if word == 0 and in_word == 0:
                self.start(c, self.x_half_start if self.of.halves else X_QUAD_START)
            if self.of.halves and view == 0 and token == 0 and word == len(self.views) // 2:
                self.start(c, self.x_half_start + 16)
            f = waiting.pop(0)
            c.smlad(self.SUMS[token], w, f)
            self.free.append(f)
            if n_left == 1:
                self.free.append(w)
            for pointer, place in prefetches.get(index, []):
                c.prefetch(pointer, place)
            finished = self.finished_half(word, view, token)
            if finished is not None:
                if self.of.halves:
                    self.half_scale(c, row, finished)
                if self.of.halves and finished == 0:
                    self.to_floats(c, 12 if row % 2 == 0 else 20)
                else:
                    self.finish_row(c, row)
        return c

    def finished_half(self, word, view, token):
        """The half that is complete with this product, or None."""
        if token < 3 or view < self.views[word] - 1:
            return None
        if word == len(self.views) - 1:
            return 1
        return 0 if self.of.halves and word == len(self.views) // 2 - 1 else None

    def vector(self, c, operation, to, a, b):
        """On four; b in the scalar bank serves all."""
        reads = [f's{a + i}' for i in range(4)] + ([f's{b + i}' for i in range(4)] if b >= 8 else [f's{b}'])
        if operation == 'vmla':
            reads += [f's{to + i}' for i in range(4)]
        c.add(f'{operation}.f32 s{to}, s{a}, s{b}', reads=reads, writes=[(f's{to + i}', 7) for i in range(4)])

    def result(self):
        """Totals, times their units where there are units, of each token to its place in y: several words by each store,
        as y is in no cache."""
        y, y_stride, units = (f'[sp, #{self.frame + place}]' for place in (8, 16 + 64 + 36, 16 + 64 + 36 + 4))
        yield from [f'ldr r4, {y}', f'ldr r8, {y_stride}', 'add r5, r4, r8, lsl #2', 'add r6, r5, r8, lsl #2']
        yield 'add r7, r6, r8, lsl #2'
        if self.of.scales == 'f16':
            yield f'ldr r8, {units}'
        for first in range(0, self.rows, 8):
            if self.of.scales == 'f16':
                yield 'vldmia r8!, {s24-s31}'
            for token in range(4):
                to = 8 + token % 2 * 8
                yield from [f'vldr s{to + i}, [sp, #{16 * (first + i) + 4 * token}]' for i in range(8)]
                if self.of.scales == 'f16':
                    yield from [f'vmul.f32 s{to + i}, s{to + i}, s{24 + i}' for i in (0, 4)]
                yield f'vstmia r{4 + token}!, {{s{to}-s{to + 7}}}'

    def lines(self):
        # On the stack: totals, then the groups that are left (r3), fpscr, y (r2), and what was pushed.
        group = self.group()
        yield from ['push {r4-r11, lr}', 'vpush {d8-d15}', 'push {r2, r3}']
        yield from ['vmrs r5, fpscr', 'push {r4, r5}', 'orr r6, r5, #0x30000', 'vmsr fpscr, r6', 'str r3, [sp]']
        yield f'sub sp, sp, #{self.frame}'
        yield from ['mov r4, #0', 'mov r6, sp']
        yield from [f'vmov s{16 + i}, r4' for i in range(16)]
        yield from ['vstmia r6!, {s16-s31}'] * (self.rows // 4)
        yield from mask_lines(self.of.bits)
        yield f'add r0, r0, #{self.factors_at}'
        yield '1:'
        yield from group
        yield 'bne 1b'
        yield from self.result()
        yield from [f'add sp, sp, #{self.frame}', 'pop {r4, r5}', 'vmsr fpscr, r5', 'add sp, sp, #8']
        yield from ['vpop {d8-d15}', 'pop {r4-r11, pc}']


sys.dont_write_bytecode = True
sys.modules['arm1176_streams'] = sys.modules[__name__]
import arm1176_blocks  # noqa: E402, builds on what is above

STREAMS = [Stream(4, False, 'f32'), Stream(4, False, 'f32', offsets=True), Stream(4, True, 'f32'),
           Stream(4, True, 'f32', offsets=True), Stream(5, False, 'f16'), Stream(5, False, 'f32', offsets=True),
           Stream(8, False, 'f16'), Stream(8, False, 'f32', offsets=True), Stream(6, True, 'f32')]

HEAD = '''\
// The inner loops of the ARM1176 kernels: all rows of a tile by one vector. Written by tools/arm1176-streams.py, which
// holds the loops in a readable order and the rules by which they were put into this one.
//
//     stream(x, tiles, y, n_groups, n_tiles, tile_bytes, n_rows, tile_rows)
//
// x [n_groups] activation_group (with 6 bits sixes_group); tiles as arm1176_tile.hpp draws them, tile_bytes apart, at
// least one; y [n_tiles, n_rows]. n_rows are the first of each tile's tile_rows, whole strips.
//
//     quad_stream(x, strip, y, n_groups, y_stride, units, group_bytes)
//
// multiplies one strip of a tile with four tokens: x [n_groups] activation_quad or sixes_quad; y [4, rows of a strip],
// tokens y_stride floats apart; units [rows of a strip] where the tile has units; group_bytes: of the tile, which is
// fetched ahead as if it had all rows.
//     multiply_blocks(x, strips, totals, work, n_blocks)
//
// adds the products of one group of three strips to the totals of blocks of 16 tokens: arm1176_block.hpp says how. x
// [n_blocks] activation_block, followed by those of the next group; work: block_work; totals [quads of rows, n_blocks] of
// [4, 4] for the first four tokens and [4, 12] for the others.
//
// Each tile is read once, from front to back, with a PLD for every line, and up to 16 bytes past the scales that would
// follow the last group: a packed matrix ends in so many bytes that belong to it.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_ARM1176

#    include <llmzero/base/config.hpp>

#    include <cstddef>

namespace llmzero::inline LLMZERO_ABI::kernels::arm1176 {

// clang-format off
'''

TAIL = '''
// clang-format on

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176

#endif
'''


def function(name, parameters, lines):
    start = f'__attribute__((naked, noinline)) inline void {name}('
    yield start
    yield f',\n{" " * len(start)}'.join(parameters) + ') {\n'
    yield '    __asm__ volatile(".syntax unified\\n"'
    row = ''
    for line in lines:
        if row and (len(row) + len(line) > 100 or line.endswith(':') or row.endswith(':')):
            yield f'\n        "{row}\\n"'
            row = ''
        row += ('; ' if row else '') + line
    yield f'\n        "{row}\\n");\n}}\n'


def header():
    yield HEAD
    for stream in STREAMS:
        for n_tokens, loop in [(1, stream), (4, FourTokens(stream))]:
            lines = list(loop.lines())
            n_instructions = lines.index('bne 1b') - lines.index('1:')
            modelled = MODELLED.get(loop.name, '')
            if modelled:
                modelled = ', modelled {1:.2f} cycles with {0} columns, {2:.2f} with 1536'.format(*modelled)
            yield (f"\n// {stream.bits} bits, scales {stream.scales}{', factors of halves' if stream.halves else ''}"
                   f"{', offsets' if stream.offsets else ''}"
                   f"{', four tokens' if n_tokens == 4 else ''}:\n"
                   f"// {n_instructions / (64 * stream.pairs * n_tokens):.3f} instructions for a multiply-accumulate{modelled}.\n")
            last = f"std::size_t, std::size_t, {'std::size_t, std::size_t, std::size_t' if n_tokens == 1 else 'const void *, std::size_t'}"
            yield from function(loop.name, ['const void *, const void *, float *', last], lines)
    for of in (STREAMS[0], STREAMS[1]):
        group = arm1176_blocks.Group(of)
        lines = list(group.lines())
        yield (f"\n// {of.bits} bits, scales {of.scales}{', offsets' if of.offsets else ''}, blocks of 16 tokens.\n"
               f"// By the scheduler {group.cycles}.\n")
        yield from function(group.name, ['const void *, const void *, float *, void *', 'std::size_t'], lines)
    yield TAIL


def main():
    path = pathlib.Path(__file__).parent.parent / 'include/llmzero/kernels/arm1176_streams.hpp'
    text = ''.join(header())
    if sys.argv[1:] == ['--check']:
        if path.read_text() != text:
            sys.exit(f'{path} is not what tools/arm1176-streams.py writes: run it')
    elif sys.argv[1:]:
        sys.exit('usage: arm1176-streams.py [--check]')
    else:
        path.write_text(text)


if __name__ == '__main__':
    main()
