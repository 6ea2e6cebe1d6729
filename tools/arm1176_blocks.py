"""The loop of the ARM1176 for prompts, for tools/arm1176-streams.py to write.

What it does, and on what, is in arm1176_block.hpp. The core's part is that of the streams of four tokens; operations of
both parts are mixed in proportion and put into order by the same scheduler.

The VFP multiplies with single registers, not with vectors (FPSCR.LEN), and with whole numbers: none of them is a NaN or
subnormal, which this VFP leaves to software. Only totals are made with vectors.
"""

import arm1176_streams as streams

Code, X, W = streams.Code, streams.X, streams.W

XP, PANEL = 'r11', 'r12'  # packed activations, weights as doubles
# activation_block: what stands in it, counted from its beginning.
FACTORS_AT, PACKED_AT, SCALE_AT, SUM_AT, BLOCK_BYTES = 32, 288, 1344, 1408, 1472
# block_work
SUMS_AT, PACKED_SUMS_AT, PANEL_AT = 64, 128, 256
STRIPS = 3    # at once
FETCHED = 4   # lines of the next group's activations for each block and quad of rows: of 46 a twelfth and a bit
# end: of the activations of a group; skip: their bytes; fetch: those of the next group; vectors: fpscr for them
ON_STACK = ['words'] * 16 + ['x', 'end', 'skip', 'fetch', 'codes', 'scales', 'totals', 'work', 'quads_left', 'fpscr',
                             'vectors']


def on_stack(name):
    return f'[sp, #{4 * ON_STACK.index(name)}]'


class Products(streams.FourTokens):
    """Four rows of a strip by 16 tokens: the core multiplies with four, the VFP with twelve, of which each double holds
    three. The VFP's tile is two rows by four doubles."""

    POOL = ['r6', 'r7', 'r8', 'r9', 'r10']
    WORD_AHEAD = 3
    LOOK_AHEAD = 60
    X_AT, W_AT = 12, 8  # d12 to d15; d8 and d9, d10 and d11 in turn

    def __init__(self, of):
        super().__init__(of)
        self.rows = 4

    def word_place(self, row, word):
        return super().word_place(row, word) - self.of.scale_bytes

    def prefetches(self, n_products):
        return {}

    def load_four(self, c, to, pointer, place):
        pass

    def scales(self, c, pair):
        pass

    def finish_row(self, c, row):
        for i in (0, 2):
            a, b = self.SUMS[i:i + 2]
            c.add(f'strd {a}, {b}, [{W}, #@]', reads=[a, b], early=[W], beats=1, place=(W, SUMS_AT + 16 * row + 4 * i))

    def load_doubles(self, c, pointer, first, n):
        c.add(f'vldmia {pointer}!, {{d{first}-d{first + n - 1}}}', early=[pointer], beats=n, step=(pointer, 8 * n),
              writes=[(f'd{first + i}', 4 + i) for i in range(n)])

    def arithmetic(self, c, operation, to, a, b):
        reads = [f'd{a}', f'd{b}'] + ([f'd{to}'] if operation == 'vmla' else [])
        fmac = 1 if operation == 'vadd' else 2
        c.add(f'{operation}.f64 d{to}, d{a}, d{b}', reads=reads, writes=[(f'd{to}', 6 + fmac)], fmac=fmac)

    def packed_products(self):
        """Operations of the VFP. Sums are d0-d3 of the first row, d4-d7 of the second."""
        c = Code()
        x = self.X_AT
        for pair in range(2):
            for k in range(32):
                w = self.W_AT + k % 2 * 2
                if k == 0:
                    self.load_doubles(c, PANEL, w, 2)
                    self.load_doubles(c, XP, x, 2)
                    self.load_doubles(c, XP, x + 2, 2)
                for half in (0, 2):
                    for t in (half, half + 1):
                        for row in (0, 1):
                            self.arithmetic(c, 'vmla' if k else 'vmul', 4 * row + t, x + t, w + row)
                    if k < 31:
                        self.load_doubles(c, XP, x + half, 2)
                    if k < 31 and half == 0:
                        self.load_doubles(c, PANEL, self.W_AT + (k + 1) % 2 * 2, 2)
            self.load_doubles(c, XP, x, 4)  # the corrections
            c.advance(XP, -(32 * 32 + 32))
            for to in range(8):
                self.arithmetic(c, 'vadd', to, to, x + to % 4)
            for to in range(8):
                c.add(f'vstr d{to}, [{W}, #@]', reads=[f'd{to}'], early=[W], beats=1,
                      place=(W, PACKED_SUMS_AT + 64 * pair + 8 * to))
        return c.operations

    def body(self):
        core, packed = self.operations().operations, self.packed_products()
        c = Code()
        for i, operation in enumerate(core):
            c.operations.append(operation)
            c.operations += packed[i * len(packed) // len(core):(i + 1) * len(packed) // len(core)]
        body, self.cycles = streams.scheduled(c.operations, {X: 0, W: 0, XP: 0, PANEL: 0}, self.LOOK_AHEAD, False, [])
        return body


class Unpack:
    """The words of a strip into block_work, and as doubles: a code n is 8 more than itself, four bits at the top of a
    halfword; the other halfword is the exponent's, the lower word of a double is zero. Of a word the codes at the same
    place of both halves come one after the other."""

    WORDS = [('r6', 'r7'), ('r8', 'r9')]
    TO, FROM = 'r0', 'r1'
    LOOK_AHEAD = 20

    def __init__(self, of):
        self.of = of

    def body(self):
        """r10: four bits of each halfword, lr: the exponent of doubles from 256 on; r2 and r4: zero."""
        c = Code()
        all_words = [f'r{i}' for i in range(2, 10)]
        c.add('mov r11, #0x80000000', writes=[('r11', 1)])
        c.add('orr r11, r11, r11, lsr #16', early=['r11'], writes=[('r11', 1)])
        c.add('add r12, sp, #32', writes=[('r12', 1)])
        for pair in range(2):
            c.load_many(self.FROM, all_words)
            c.add(f"stmia {self.TO}!, {{{', '.join(all_words)}}}", early=[self.TO], reads=all_words, beats=4, step=(self.TO, 32))
            for r in all_words:  # the highest code of a halfword is in two's complement
                c.shifted(f'eor {r}, {r}, r11', r, [r, 'r11'], [])
            c.add(f"stmia {'r12' if pair else 'sp'}, {{{', '.join(all_words)}}}", early=['r12'], reads=all_words, beats=4,
                  writes=[('flipped', 1)])
        c.advance(self.TO, PANEL_AT - 64)
        for r in ('r2', 'r4'):
            c.add(f'mov {r}, #0', writes=[(r, 1)])
        self.load_words(c, 0)
        for n in range(8):
            if n % 4 == 1:
                c.prefetch(self.FROM, self.of.stride + 8 * (n - 1))
            for j in range(4):
                if j == 2 and n < 7:
                    self.load_words(c, n + 1)
                self.two_columns(c, self.WORDS[n % 2], f', lsl #{12 - 4 * j}' if j < 3 else '')
        body, self.cycles = streams.scheduled(c.operations, {self.TO: 0, self.FROM: 0}, self.LOOK_AHEAD, False, [])
        return body

    def load_words(self, c, n):
        """Of the n-th pair; the second pair of rows has them in reverse order."""
        words = self.WORDS[n % 2]
        place = 8 * n if n < 4 else 32 + 8 * (7 - n)
        c.add(f'ldrd {words[0]}, {words[1]}, [sp, #{place}]', reads=['flipped'], beats=1, writes=[(r, 3) for r in words])

    def two_columns(self, c, words, shift):
        codes, to = ('r11', 'r12'), ('r3', 'r5')
        for i in (0, 1):
            c.shifted(f'and {codes[i]}, r10, {words[i]}{shift}', codes[i], ['r10'], [words[i]])
        for half in (0, 1):
            for i in (0, 1):
                if half == 0:
                    c.shifted(f'pkhbt {to[i]}, {codes[i]}, lr', to[i], [codes[i], 'lr'], [])
                else:
                    c.shifted(f'pkhtb {to[i]}, lr, {codes[i]}, asr #16', to[i], ['lr'], [codes[i]])
            c.add(f'stmia {self.TO}!, {{r2, r3, r4, r5}}', early=[self.TO], reads=['r2', 'r3', 'r4', 'r5'], beats=2,
                  step=(self.TO, 16))


class Finish:
    """Sums of four rows become part of the totals: those of four tokens are integers; of twelve they are halfwords of
    doubles, 2^15 too high, under a top that is always the same. The VFP works on vectors of four tokens (FPSCR.LEN)."""

    MAGIC, SCALE, OFFSET, UNUSED = 0, 1, 2, 3  # 2^23 + 2^15; of a row
    SUMS, TOTALS, PRODUCTS, X_SCALES = (8, 12), (16, 20), 24, 28
    OLD_TOTALS, X_AT, X_SUMS_AT = 'r11', 'r10', 'lr'
    LOOK_AHEAD = 40

    def __init__(self, of):
        self.of = of

    def four(self, first):
        return [f's{first + i}' for i in range(4)]

    def load(self, c, pointer, first):
        c.add(f'vldmia {pointer}!, {{s{first}-s{first + 3}}}', early=[pointer], beats=2, step=(pointer, 16),
              writes=[(r, 4 + i // 2) for i, r in enumerate(self.four(first))])

    def vector(self, c, operation, to, a, b):
        """On four; b in the scalar bank serves all."""
        reads = self.four(a) + (self.four(b) if b >= 8 else [f's{b}']) + (self.four(to) if operation == 'vmla' else [])
        c.add(f'{operation}.f32 s{to}, s{a}, s{b}', reads=reads, writes=[(r, 7 + i) for i, r in enumerate(self.four(to))],
              fmac=4)

    def add_to_totals(self, c, n, sums):
        """The n-th four of them, from floats."""
        to = self.TOTALS[n % 2]
        self.load(c, self.OLD_TOTALS, to)
        if self.of.offsets:
            self.load(c, self.X_SUMS_AT, self.X_SCALES)
            self.vector(c, 'vmla', to, self.X_SCALES, self.OFFSET)
        self.load(c, self.X_AT, self.X_SCALES)
        self.vector(c, 'vmul', self.PRODUCTS, self.X_SCALES, self.SCALE)
        self.vector(c, 'vmla', to, sums, self.PRODUCTS)
        if n % 2 == 0:
            c.prefetch('r2', 4 * 64 + 16 * self.n_stored)  # the next totals
        self.n_stored += 1
        c.add(f'vstmia r2!, {{s{to}-s{to + 3}}}', early=['r2'], beats=2, reads=self.four(to), step=('r2', 16))

    def row_scales(self, c, row):
        c.load_float(self.SCALE, 'r1', 4 * row)
        if self.of.offsets:
            c.load_float(self.OFFSET, 'r1', self.of.offset_place(0, 0) + 4 * row)

    def back(self, c, n_bytes):
        c.advance(self.X_AT, -n_bytes)
        if self.of.offsets:
            c.advance(self.X_SUMS_AT, -n_bytes)

    def integers(self, c):
        for row in range(4):
            sums = self.SUMS[row % 2]
            self.row_scales(c, row)
            self.load(c, 'r0', sums)
            for i in range(4):
                c.convert(sums + i)
            self.add_to_totals(c, row, sums)
            if row < 3:
                self.back(c, 16)
        c.prefetch('r1', self.of.stride)

    def packed(self, c):
        # From a line that is there: the timing model follows only pointers that something is loaded through.
        c.add(f'vldr s{self.UNUSED}, [r3, #{-32 * FETCHED}]', early=['r3'], beats=1, order='pld')
        words = [('r4', 'r5', 'r8'), ('r6', 'r7', 'r9')]
        n = 0  # floats
        for row in range(4):
            self.row_scales(c, row)
            waiting = []  # a float in a register of the core
            for i in range(4):
                low, high, middle = words[i % 2]
                if i % 2 == 0:
                    c.load_many('r0', ['r4', 'r5', 'r6', 'r7'])
                c.shifted(f'pkhtb {middle}, r12, {low}, asr #16', middle, ['r12'], [low])
                c.shifted(f'pkhbt {low}, {low}, r12', low, [low, 'r12'], [])
                c.shifted(f'pkhbt {high}, {high}, r12', high, [high, 'r12'], [])
                for r in (low, middle, high):
                    waiting.append(r)
                    if len(waiting) < 2:
                        continue
                    sums = self.SUMS[n // 4 % 2]
                    to = sums + n % 4
                    c.add(f'vmov s{to}, s{to + 1}, {waiting[0]}, {waiting[1]}', reads=waiting,
                          writes=[(f's{to}', 4), (f's{to + 1}', 4)])
                    waiting = []
                    n += 2
                    if n % 4 == 0:
                        self.vector(c, 'vsub', sums, sums, self.MAGIC)
                        for i in range((n // 4 - 1) * FETCHED // 12, n // 4 * FETCHED // 12):
                            c.add(f'pld [r3, #{32 * i}]', early=['r3'], beats=1, order='pld')
                        self.add_to_totals(c, n // 4 - 1, sums)
            if row < 3:
                self.back(c, 48)

    def body(self):
        """r0: sums of the integers, followed by those of doubles; r1: scales; r2, r11: totals; r10, lr: scales and sums of
        the block; r3: what is to be fetched; r12: 2^23."""
        c = Code()
        self.n_stored = 0
        self.integers(c)
        self.packed(c)
        pointers = dict.fromkeys(['r0', 'r1', 'r2', self.X_AT, self.X_SUMS_AT, self.OLD_TOTALS], 0)
        body, self.cycles = streams.scheduled(c.operations, pointers, self.LOOK_AHEAD, False, [])
        return body


class Group:
    """Strips by a group of all blocks, four rows at a time."""

    def __init__(self, of):
        self.of = of
        self.name = of.name.replace('stream', 'multiply_blocks')

    def lines(self):
        s = on_stack
        products, unpack, finish = Products(self.of), Unpack(self.of), Finish(self.of)
        frame = 4 * len(ON_STACK)
        yield from ['push {r4-r11, lr}', 'vpush {d8-d15}', f'sub sp, sp, #{frame}', f'ldr r4, [sp, #{frame + 64 + 36}]']
        yield from [f'add r5, r1, #{self.of.scale_bytes}', f"str r0, {s('x')}", f"str r1, {s('scales')}", f"str r5, {s('codes')}"]
        yield from [f'mov r5, #{BLOCK_BYTES}', f"str r2, {s('totals')}", f"str r3, {s('work')}", 'mul r7, r4, r5']
        yield from [f'mov r8, #{4 * STRIPS}', 'vmrs r9, fpscr', 'add r6, r0, r7', 'orr r10, r9, #0x30000']
        yield from [f"str r7, {s('skip')}", f"str r6, {s('fetch')}", f"str r6, {s('end')}", f"str r8, {s('quads_left')}"]
        yield from [f"str r9, {s('fpscr')}", f"str r10, {s('vectors')}"]
        yield '1:'
        yield from [f"ldr r0, {s('work')}", f"ldr r1, {s('codes')}", 'mov r10, #0xf0000000', 'orr r10, r10, r10, lsr #16']
        yield from ['mov lr, #0x40000000', 'orr lr, lr, #0x00700000']
        yield from unpack.body()
        yield from [f"ldr r0, {s('x')}", f"str r1, {s('codes')}"]
        yield '2:'
        yield from [f"ldr r1, {s('work')}", f'add {XP}, r0, #{PACKED_AT}', f'add {X}, r0, #{FACTORS_AT}']
        yield from [f'add {PANEL}, {W}, #{PANEL_AT}', *streams.mask_lines(self.of.bits)]
        yield from products.body()
        # The factors are behind r0, the sums behind r1.
        yield from [f"ldr r5, {s('vectors')}", f"ldr r2, {s('totals')}", f"ldr r3, {s('fetch')}", 'mov r12, #0x4b000000']
        yield from [f'add r10, r0, #{SCALE_AT - FACTORS_AT - 256}', f'add r0, r1, #{SUMS_AT}', f"ldr r1, {s('scales')}"]
        yield from ['orr r4, r12, #0x8000', 'vmsr fpscr, r5', f'vmov s{finish.MAGIC}, r4', 'mov r11, r2']
        yield from [f'add lr, r10, #{SUM_AT - SCALE_AT}'] if self.of.offsets else []
        yield from finish.body()
        # The scales are behind r10.
        yield from [f"ldr r6, {s('fpscr')}", f"ldr r4, {s('end')}", f"ldr r5, {s('fetch')}", f'add r0, r10, #{BLOCK_BYTES - SUM_AT}']
        yield from ['vmsr fpscr, r6', 'cmp r0, r4', f'add r5, r5, #{BLOCK_BYTES}', f"str r2, {s('totals')}"]
        yield from [f"str r5, {s('fetch')}", 'bne 2b']
        yield from [f"ldr r4, {s('skip')}", f"ldr r6, {s('quads_left')}", 'add r1, r1, #16', f'add r5, r5, #{32 * FETCHED}']
        yield from ['subs r6, r6, #1', 'sub r5, r5, r4', f"str r1, {s('scales')}", f"str r6, {s('quads_left')}"]
        yield from [f"str r5, {s('fetch')}", 'beq 3f', 'tst r6, #3', 'bne 1b']
        # The next strip.
        yield from [f"ldr r4, {s('codes')}", f'add r1, r1, #{self.of.scale_bytes + 8 * self.of.pair_code_bytes - 64}']
        yield from [f'add r4, r4, #{self.of.scale_bytes}', f"str r1, {s('scales')}", f"str r4, {s('codes')}", 'b 1b']
        yield '3:'
        yield from [f'add sp, sp, #{frame}', 'vpop {d8-d15}', 'pop {r4-r11, pc}']
        self.cycles = (f'{products.cycles} cycles for the products of four rows, {finish.cycles} to add them to the totals, '
                       f'{unpack.cycles} to unpack the weights')
