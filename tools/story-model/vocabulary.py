"""The vocabulary: pieces learned by byte pair merges, used by the SPM rule.

llama.cpp's SPM encoder joins, again and again, the two neighbours whose joint
text is the piece with the highest score. With score = -(order of the merge),
that gives back what the merges learned. Pieces never cross a space, so a text
may be encoded word by word, and a cache makes that fast.
"""
import collections
import re

SPACE = "\u2581"
UNK, BOS, EOS, FIRST_BYTE, FIRST_PIECE = 0, 1, 2, 3, 259
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6     # token types of GGUF
CHUNK = re.compile(SPACE + "[^" + SPACE + "]*|[^" + SPACE + "]+")


def chunks(text):
    """The words of a text, each with its leading space mark."""
    return CHUNK.findall(SPACE + text.replace(" ", SPACE))


def may_join(left, right):
    """A piece is letters only or marks only, after at most one space mark."""
    if "\n" in left or "\n" in right or SPACE in right:
        return False
    body = left.lstrip(SPACE)
    return not body or body.isalpha() == right.isalpha()


def train(texts, size):
    """Learns a vocabulary of `size` tokens; returns (pieces, scores, types)."""
    counts = collections.Counter(c for text in texts for c in chunks(text))
    words = [(list(c), n) for c, n in counts.items()]
    letters = collections.Counter()
    for symbols, n in words:
        for s in symbols:
            letters[s] += n
    letters = [c for c, n in letters.most_common() if n >= 20 and c.isascii() and c != "\n" or c == SPACE]
    merges = []
    pairs = collections.Counter()
    where = collections.defaultdict(set)
    for i, (symbols, n) in enumerate(words):
        for pair in zip(symbols, symbols[1:]):
            if may_join(*pair):
                pairs[pair] += n
                where[pair].add(i)
    made = set(letters)
    while FIRST_PIECE + len(merges) + len(letters) < size:
        best = max(pairs, key=lambda p: (pairs[p], p))
        joint = best[0] + best[1]
        if joint not in made:       # the same text may come from two different pairs
            made.add(joint)
            merges.append(joint)
        for i in list(where[best]):
            symbols, n = words[i]
            for pair in zip(symbols, symbols[1:]):
                if may_join(*pair):
                    pairs[pair] -= n
                    where[pair].discard(i)
            new, k = [], 0
            while k < len(symbols):
                if k + 1 < len(symbols) and symbols[k] == best[0] and symbols[k + 1] == best[1]:
                    new.append(joint)
                    k += 2
                else:
                    new.append(symbols[k])
                    k += 1
            symbols[:] = new
            for pair in zip(new, new[1:]):
                if may_join(*pair):
                    pairs[pair] += n
                    where[pair].add(i)
        del pairs[best]
    pieces = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % b for b in range(256)] + merges + letters
    scores = [0.0] * FIRST_PIECE + [-float(i) for i in range(len(merges) + len(letters))]
    types = [UNKNOWN, CONTROL, CONTROL] + [BYTE] * 256 + [NORMAL] * (len(merges) + len(letters))
    return pieces, scores, types


class Tokenizer:
    def __init__(self, pieces, scores):
        self.pieces = pieces
        self.ids = {p: i for i, p in enumerate(pieces) if i >= FIRST_PIECE}
        self.scores = scores
        self.cache = {}

    def encode_chunk(self, chunk):
        symbols = list(chunk)
        while True:
            best, at = None, -1
            for i in range(len(symbols) - 1):
                token = self.ids.get(symbols[i] + symbols[i + 1])
                if token is not None and (best is None or self.scores[token] > best):
                    best, at = self.scores[token], i
            if best is None:
                break
            symbols[at:at + 2] = [symbols[at] + symbols[at + 1]]
        out = []
        for s in symbols:
            if s in self.ids:
                out.append(self.ids[s])
            else:
                out.extend(FIRST_BYTE + b for b in s.encode("utf-8"))
        return tuple(out)

    def encode(self, text):
        """The tokens of a text, without BOS."""
        out = []
        for chunk in chunks(text):
            tokens = self.cache.get(chunk)
            if tokens is None:
                tokens = self.cache[chunk] = self.encode_chunk(chunk)
            out.extend(tokens)
        return out

    def decode(self, tokens):
        raw = bytearray()
        for t in tokens:
            if t >= FIRST_PIECE:
                raw += self.pieces[t].replace(SPACE, " ").encode("utf-8")
            elif t >= FIRST_BYTE:
                raw.append(t - FIRST_BYTE)
        text = raw.decode("utf-8", "replace")
        return text[1:] if text.startswith(" ") else text
