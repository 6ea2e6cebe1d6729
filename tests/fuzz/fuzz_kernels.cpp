// Fuzzes the kernels: weights, scales and activations from the input go through every kernel set of the build. Packed
// rows must come back exactly, integer parts must be exact, products must agree with double (and so with each other)
// within the rounding of floats, and results must not depend on how tokens and rows are divided.
//
// Input: format, rows, columns, tokens and the kind of activations, a byte each, then what they are filled with: groups
// of scale, offset (in half precision), the factors of formats that have them, and 32 bytes of codes, or rows of raw
// numbers; then activations. Zeros follow the end.
#include <llmzero/base/f16.hpp>
#include <llmzero/kernels/select.hpp>
#include <llmzero/numerics/packed_matrix.hpp>
#include <llmzero/numerics/quantise.hpp>

#include "support/numbers.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

using namespace llmzero;

namespace {

void require(bool holds, const kernel_set & set, const char * what) {
    if (!holds) {
        std::fprintf(stderr, "fuzz_kernels: broken by %s: %s\n", set.name, what);
        std::abort();
    }
}

class input {
public:
    input(const std::uint8_t * data, std::size_t size) : data_(data), size_(size) {}
    std::uint8_t byte() { return at_ < size_ ? data_[at_++] : std::uint8_t{0}; }
    std::int8_t code() { return static_cast<std::int8_t>(byte()); }
    std::size_t below(std::size_t n) { return byte() % n; }
    std::uint32_t bits(int bytes) {
        std::uint32_t value = 0;
        for (int i = 0; i < bytes; ++i) {
            value = value << 8 | byte();
        }
        return value;
    }
    float finite_half() {
        const std::uint32_t half = bits(2);
        return f16_to_f32(static_cast<std::uint16_t>(support::is_finite_half(half) ? half : half & 0xbfffu));
    }

private:
    const std::uint8_t * data_;
    std::size_t size_;
    std::size_t at_ = 0;
};

struct problem {
    packed_format format;
    std::size_t rows;
    std::size_t cols;
    std::size_t n_tokens;
    bool is_tame; // activations are such that errors can be bounded
    std::vector<weight_group> groups;
    std::vector<std::uint8_t> numbers;
    std::vector<float> x;

    [[nodiscard]] std::size_t groups_in_row() const { return cols / group_size; }
    [[nodiscard]] const void * row(std::size_t r) const {
        return is_quantised(format) ? static_cast<const void *>(groups.data() + r * groups_in_row())
                                    : static_cast<const void *>(numbers.data() + r * numbers.size() / rows);
    }
};

// One of the codes that the format can hold.
std::int8_t code_of(packed_format format, std::int8_t raw) {
    if (has_nibbles(format)) {
        return static_cast<std::int8_t>((raw & 15) + lowest_nibble(format));
    }
    if (has_five_bits(format)) {
        return static_cast<std::int8_t>((raw & 31) - (has_offset(format) ? 0 : 16));
    }
    return format == packed_format::q8_halves ? static_cast<std::int8_t>((raw & 63) - 32) : raw;
}

// In the order that the corpus knows.
constexpr packed_format formats[] = {packed_format::f32,       packed_format::f16,
                                     packed_format::bf16,      packed_format::q8,
                                     packed_format::q8_offset, packed_format::q4,
                                     packed_format::q4_offset, packed_format::q8_halves,
                                     packed_format::q4_halves, packed_format::q4_halves_offset,
                                     packed_format::q5,        packed_format::q5_offset};

// A set may keep codes that begin at 0 less by so much, and move the offset.
int moved_by(packed_format format) {
    return format == packed_format::q4_offset ? 8 : format == packed_format::q5_offset ? 16 : 0;
}

problem read_problem(input & in) {
    problem p{};
    p.format = formats[in.below(std::size(formats))];
    p.rows = 1 + in.below(4);
    p.cols = is_quantised(p.format) ? group_size * (1 + in.below(has_halves(p.format) ? 10 : 3)) : 1 + in.below(40);
    p.n_tokens = 1 + in.below(9);
    p.is_tame = in.byte() % 4 != 0;
    if (is_quantised(p.format)) {
        p.groups.resize(p.rows * p.groups_in_row());
        for (std::size_t g = 0; g < p.groups.size(); ++g) {
            weight_group & group = p.groups[g];
            group.scale = in.finite_half();
            const float offset = in.finite_half();
            group.offset = has_offset(p.format) ? offset : 0.0f;
            if (has_halves(p.format) && g % p.groups_in_row() % 8 != 0) { // of the same block as the one before it
                group.scale = p.groups[g - 1].scale;
                group.offset = p.groups[g - 1].offset;
            }
            for (std::size_t h = 0; has_halves(p.format) && h < 2; ++h) {
                group.half_scale[h] = in.code();
                group.half_offset[h] = in.code();
            }
            for (std::int8_t & code : group.code) {
                code = code_of(p.format, in.code());
            }
        }
    } else {
        p.numbers.resize(p.rows * p.cols * (p.format == packed_format::f32 ? 4 : 2));
        for (std::size_t i = 0; i < p.numbers.size(); ++i) { // no exponent beyond 2^16, so no infinity
            const bool is_top =
                i % (p.format == packed_format::f32 ? 4 : 2) == (p.format == packed_format::f32 ? 3 : 1);
            const std::uint8_t byte = in.byte();
            p.numbers[i] = is_top ? static_cast<std::uint8_t>((byte & 0x80) | (byte & 0x7f) % 0x47) : byte;
        }
    }
    p.x.resize(p.cols * p.n_tokens);
    float magnitude = 1.0f;
    for (std::size_t i = 0; i < p.x.size(); ++i) {
        if (i % group_size == 0) {
            magnitude = std::ldexp(1.0f, static_cast<int>(in.below(32)) - 16);
        }
        p.x[i] = p.is_tame ? static_cast<float>(in.code()) * magnitude : std::bit_cast<float>(in.bits(4));
    }
    return p;
}

bool same(float a, float b) {
    return support::same_float(a, b) || (std::isnan(a) && std::isnan(b));
}

// How far a weight that comes back may be off: where offsets are moved by a multiple of the scale, and for scales below
// 2^-29 of the row's largest.
float rounding(const problem & p, std::size_t row, std::size_t g, std::size_t half) {
    const weight_group * groups = p.groups.data() + row * p.groups_in_row();
    float largest = 0.0f;
    for (std::size_t i = 0; i < p.groups_in_row(); ++i) {
        largest = std::max(largest, std::fabs(groups[i].scale * static_cast<float>(groups[i].half_scale[half])));
    }
    const float moved = 2.0f * static_cast<float>(moved_by(p.format)) * std::fabs(groups[g].scale);
    const float offset = std::fabs(groups[g].offset * static_cast<float>(groups[g].half_offset[half]));
    return 0x1p-32f * largest + (moved > 0 ? 0x1p-23f * (moved + offset) : 0.0f);
}

// What a set makes of the problem: y [n_tokens, rows].
std::vector<float> solve(const kernel_set & set, const problem & p) {
    auto w = packed_matrix::create(set, p.format, p.rows, p.cols);
    require(w.has_value(), set, "there is memory");
    std::vector<float> values(p.cols);
    for (std::size_t r = 0; r < p.rows; ++r) {
        set.pack_row(w->view(), r, p.row(r));
    }
    for (std::size_t r = 0; r < p.rows; ++r) {
        set.unpack_row(w->view(), r, values.data());
        for (std::size_t g = 0; is_quantised(p.format) && g < p.groups_in_row(); ++g) {
            float expected[group_size];
            dequantise(p.groups[r * p.groups_in_row() + g], expected);
            for (std::size_t i = 0; i < group_size; ++i) {
                const float difference = std::fabs(values[g * group_size + i] - expected[i]);
                require(difference <= rounding(p, r, g, i / half_size), set, "rows come back");
            }
        }
    }
    const activation_kind kind = set.kind_for(p.format);
    const std::size_t bytes = set.activation_bytes(kind, p.cols);
    auto prepared = heap_array<std::byte>::create(bytes * p.n_tokens);
    require(prepared.has_value(), set, "there is memory");
    set.prepare(kind, p.x.data(), p.cols, p.n_tokens, prepared->data());
    std::vector<float> y(p.rows * p.n_tokens);
    set.multiply(w->view(), 0, p.rows, prepared->data(), p.n_tokens, y.data(), p.rows);
    std::vector<float> parts(p.rows * p.n_tokens);
    for (std::size_t t = 0; t < p.n_tokens; ++t) {
        const std::size_t split = t % (p.rows + 1);
        float * to = parts.data() + t * p.rows;
        set.prepare(kind, p.x.data() + t * p.cols, p.cols, 1, prepared->data());
        set.multiply(w->view(), split, p.rows, prepared->data(), 1, to, p.rows);
        set.multiply(w->view(), 0, split, prepared->data(), 1, to, p.rows);
    }
    require(std::equal(y.begin(), y.end(), parts.begin(), same), set, "results do not depend on how work is divided");
    return y;
}

// In double, from what the set quantises the activations to.
void check_products(const kernel_set & set, const problem & p, const std::vector<float> & y) {
    for (std::size_t i = 0; i < y.size(); ++i) {
        const std::size_t row = i % p.rows;
        const float * x = p.x.data() + i / p.rows * p.cols;
        double sum = 0;
        double magnitude = 0;
        for (std::size_t g = 0; g < p.groups_in_row(); ++g) {
            const weight_group & group = p.groups[row * p.groups_in_row() + g];
            std::int16_t code[group_size];
            const float scale = quantise_group(set.kind_for(p.format), x + g * group_size, code);
            for (std::size_t j = 0; j < group_size; ++j) {
                const double w = static_cast<double>(group.scale) * group.half_scale[j / half_size] * group.code[j];
                const double product = w * static_cast<double>(scale) * code[j];
                const double offset = static_cast<double>(group.offset) * group.half_offset[j / half_size] *
                                      static_cast<double>(scale) * code[j];
                sum += product + offset;
                const double moved =
                    static_cast<double>(group.scale) * moved_by(p.format) * static_cast<double>(scale) * code[j];
                magnitude += std::fabs(product) + std::fabs(offset) + std::fabs(moved);
            }
        }
        require(std::fabs(static_cast<double>(y[i]) - sum) <= 3e-6 * magnitude + 1e-30, set,
                "products agree with double");
    }
}

// Rows of raw numbers, in double: a sum may be off by its roundings alone, one for each product and each addition.
void check_float_products(const kernel_set & set, const problem & p, const std::vector<float> & y) {
    auto w = packed_matrix::create(set, p.format, p.rows, p.cols);
    require(w.has_value(), set, "there is memory");
    std::vector<float> row(p.cols);
    for (std::size_t r = 0; r < p.rows; ++r) {
        set.pack_row(w->view(), r, p.row(r));
        set.unpack_row(w->view(), r, row.data());
        for (std::size_t t = 0; t < p.n_tokens; ++t) {
            double sum = 0;
            double magnitude = 0;
            for (std::size_t c = 0; c < p.cols; ++c) {
                const double product = static_cast<double>(row[c]) * static_cast<double>(p.x[t * p.cols + c]);
                sum += product;
                magnitude += std::fabs(product);
            }
            const double limit = static_cast<double>(p.cols + 1) * 0x1p-23 * magnitude + 1e-30;
            require(std::fabs(static_cast<double>(y[t * p.rows + r]) - sum) <= limit, set, "float products agree");
        }
    }
}

// The first group of each row with the first vector: its sum of integers is exact, and one float product follows.
void check_integers(const kernel_set & set, const problem & p) {
    const activation_kind kind = set.kind_for(p.format);
    std::int16_t code[group_size];
    const float scale = quantise_group(kind, p.x.data(), code);
    for (std::size_t i = 0; i < group_size; ++i) {
        require(code[i] >= -127 && code[i] <= 127, set, "activations are within their limits");
        const bool is_second = has_nibble_limit(kind) && i % 4 == 1;
        require(!is_second || std::abs(16 * code[i] - code[i + 1]) < 2048, set, "and within those of 4-bit products");
    }
    if (!std::isfinite(scale * 4096.0f)) {
        return; // the sum over a group is then infinite, and nothing times that is NaN
    }
    problem one = p;
    one.rows = 1;
    one.cols = group_size;
    one.n_tokens = 1;
    one.x.resize(group_size);
    for (const weight_group & group : p.groups) {
        one.groups.assign(1, group);
        one.groups[0].offset = 0.0f;
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < group_size; ++i) {
            sum += group.half_scale[i / half_size] * group.code[i] * code[i];
        }
        const float expected = 0.0f + static_cast<float>(sum) * (group.scale * scale);
        const float found = solve(set, one)[0];
        require(moved_by(p.format) != 0 || same(found, expected), set, "integer parts are exact");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size) {
    input in(data, size);
    const problem p = read_problem(in);
    for (const kernel_set * set : available_kernels()) {
        const std::vector<float> y = solve(*set, p);
        if (!is_quantised(p.format)) {
            if (p.is_tame) {
                check_float_products(*set, p, y);
            }
            continue;
        }
        check_integers(*set, p);
        if (p.is_tame) {
            check_products(*set, p, y);
        }
    }
    return 0;
}
