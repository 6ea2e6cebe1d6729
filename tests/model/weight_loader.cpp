#include <llmzero/kernels/select.hpp>
#include <llmzero/model/weight_loader.hpp>
#include <llmzero/storage/gguf_writer.hpp>

#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <vector>

using namespace llmzero;

namespace {

// A file with one tensor.
struct one_tensor {
    std::vector<std::byte> bytes;

    one_tensor(const char * name, std::vector<std::uint64_t> shape, tensor_type type,
               const std::vector<std::uint8_t> & data) {
        gguf_writer writer;
        REQUIRE(writer.add_tensor(name, shape, type));
        REQUIRE(writer.write(
            [&](std::span<const std::byte> part) {
                bytes.insert(bytes.end(), part.begin(), part.end());
                return success();
            },
            [&](std::size_t, gguf_sink out) { return out(std::as_bytes(std::span(data))); }));
    }
};

std::vector<std::uint8_t> raw(const std::vector<float> & values) {
    std::vector<std::uint8_t> out(values.size() * sizeof(float));
    std::memcpy(out.data(), values.data(), out.size());
    return out;
}

// `rows` rows of two Q8_0 blocks, with scale 1 and codes that count up.
std::vector<std::uint8_t> q8_rows(std::size_t rows) {
    std::vector<std::uint8_t> out;
    for (std::size_t b = 0; b < rows * 2; ++b) {
        out.push_back(0x00);
        out.push_back(0x3c); // 1.0 in half precision
        for (std::size_t i = 0; i < 32; ++i) {
            out.push_back(static_cast<std::uint8_t>(b * 32 + i));
        }
    }
    return out;
}

bool mentions(const error & e, const char * part) {
    return std::strstr(e.message(), part) != nullptr;
}

// A source without a mapping, so that rows are read in pieces.
class unmapped_source final : public byte_source {
public:
    explicit unmapped_source(std::span<const std::byte> bytes) : memory_(bytes) {}
    [[nodiscard]] std::uint64_t size() const override { return memory_.size(); }
    [[nodiscard]] status read(std::uint64_t offset, std::span<std::byte> into) const override {
        return memory_.read(offset, into);
    }

private:
    memory_source memory_;
};

TEST_CASE("weight_loader: counts first, then loads what it counted") {
    constexpr std::size_t rows = 9000; // more than one piece of 256 KB
    const one_tensor made("w", {64, rows}, tensor_type::q8_0, q8_rows(rows));
    const memory_source mapped(made.bytes);
    const unmapped_source unmapped(made.bytes);
    for (const byte_source * source :
         {static_cast<const byte_source *>(&mapped), static_cast<const byte_source *>(&unmapped)}) {
        auto file = gguf_file::open(*source);
        REQUIRE(file);
        weight_loader loader(*file, best_kernels());
        packed_matrix w;
        REQUIRE(loader.matrix(w, rows, 64, short_name("w")));
        CHECK(w.empty());
        const std::uint64_t counted = loader.memory_bytes();
        std::uint64_t last_done = 0;
        std::uint64_t last_total = 0;
        int calls = 0;
        const auto progress = [&](std::uint64_t done, std::uint64_t total) {
            CHECK(done > last_done);
            last_done = done;
            last_total = total;
            ++calls;
            return true;
        };
        loader.start_loading(progress);
        REQUIRE(loader.matrix(w, rows, 64, short_name("w")));
        CHECK(w.rows() == rows);
        CHECK(w.cols() == 64);
        CHECK(w.format() == packed_format::q8);
        CHECK(w.size_bytes() == counted);
        CHECK(loader.memory_bytes() == counted);
        CHECK(calls > 1);
        CHECK(last_done == rows * 68);
        CHECK(last_total == rows * 68);
        for (const std::size_t row : {std::size_t{0}, std::size_t{1}, std::size_t{3854}, rows - 1}) {
            std::vector<float> out(64);
            best_kernels().unpack_row(w.view(), row, out.data());
            for (std::size_t i = 0; i < 64; ++i) {
                CHECK(out[i] == static_cast<float>(static_cast<std::int8_t>(row * 64 + i)));
            }
        }
    }
}

TEST_CASE("weight_loader: matrices lie in the memory that they are given, while there is some") {
    const one_tensor made("w", {64, 3}, tensor_type::q8_0, q8_rows(3));
    const memory_source source(made.bytes);
    auto file = gguf_file::open(source);
    REQUIRE(file);
    weight_loader loader(*file, best_kernels());
    packed_matrix w[3];
    REQUIRE(loader.matrix(w[0], 3, 64, short_name("w")));
    const auto bytes = static_cast<std::size_t>(loader.bytes_of_matrices());
    CHECK(bytes >= loader.memory_bytes());
    CHECK(bytes % cache_line_bytes == 0);
    auto memory = heap_array<std::byte>::create(2 * bytes + cache_line_bytes);
    REQUIRE(memory);
    loader.start_loading({}, nullptr, memory->span());
    for (packed_matrix & each : w) {
        REQUIRE(loader.matrix(each, 3, 64, short_name("w")));
        std::vector<float> out(64);
        best_kernels().unpack_row(each.view(), 1, out.data());
        CHECK(out[7] == 71.0f);
    }
    CHECK(loader.bytes_of_matrices() == bytes);
    CHECK(w[0].view().data == memory->data());
    CHECK(w[1].view().data == memory->data() + bytes);
    CHECK((w[2].view().data < memory->data() || w[2].view().data >= memory->data() + memory->size()));
    CHECK(w[2].size_bytes() == w[0].size_bytes());
}

TEST_CASE("weight_loader: progress can stop it") {
    const one_tensor made("w", {64, 2}, tensor_type::q8_0, q8_rows(2));
    const memory_source source(made.bytes);
    auto file = gguf_file::open(source);
    REQUIRE(file);
    weight_loader loader(*file, best_kernels());
    const auto stop = [](std::uint64_t, std::uint64_t) {
        return false;
    };
    loader.start_loading(stop);
    packed_matrix w;
    const status loaded = loader.matrix(w, 2, 64, short_name("w"));
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().code() == error_code::cancelled);
}

TEST_CASE("weight_loader: a tensor that is missing, or has another shape, is named with both") {
    const one_tensor made("w", {64, 3}, tensor_type::q8_0, q8_rows(3));
    const memory_source source(made.bytes);
    auto file = gguf_file::open(source);
    REQUIRE(file);
    weight_loader loader(*file, best_kernels());
    packed_matrix w;
    const status missing = loader.matrix(w, 3, 64, short_name("blk.%d.v", 7));
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code() == error_code::malformed);
    CHECK(mentions(missing.error(), "'blk.7.v' is missing; expected one of shape (64, 3)"));
    const status turned = loader.matrix(w, 64, 3, short_name("w"));
    REQUIRE_FALSE(turned);
    CHECK(mentions(turned.error(), "'w' has the shape (64, 3, 1, 1), expected (3, 64) (at offset"));
    CHECK_FALSE(loader.matrix(w, 2, 64, short_name("w")));
    CHECK_FALSE(loader.matrix(w, 3, 32, short_name("w")));
    CHECK(loader.has("w"));
    CHECK_FALSE(loader.has("v"));
    heap_array<float> optional;
    CHECK(loader.optional_vector(optional, 5, short_name("v")));
    CHECK(optional.empty());
}

TEST_CASE("weight_loader: a type that cannot be computed with is refused by name") {
    const one_tensor made("w", {256, 1}, tensor_type::iq4_xs, std::vector<std::uint8_t>(136));
    const memory_source source(made.bytes);
    auto file = gguf_file::open(source);
    REQUIRE(file);
    weight_loader loader(*file, best_kernels());
    packed_matrix w;
    const status refused = loader.matrix(w, 1, 256, short_name("w"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == error_code::unsupported);
    CHECK(mentions(refused.error(), "'w' is of type IQ4_XS, which is not supported; supported: F32, F16"));
    heap_array<float> v;
    const one_tensor norm("n", {64}, tensor_type::q8_0, q8_rows(1));
    const memory_source norm_source(norm.bytes);
    auto norm_file = gguf_file::open(norm_source);
    REQUIRE(norm_file);
    weight_loader norm_loader(*norm_file, best_kernels());
    const status not_floats = norm_loader.vector(v, 64, short_name("n"));
    REQUIRE_FALSE(not_floats);
    CHECK(mentions(not_floats.error(), "'n' is of type Q8_0, expected F32, F16 or BF16"));
}

TEST_CASE("weight_loader: numbers that are not finite are found, with their row") {
    constexpr float inf = std::numeric_limits<float>::infinity();
    for (const float wrong : {inf, -inf, std::numeric_limits<float>::quiet_NaN()}) {
        std::vector<float> values(12, 1.0f);
        values[7] = wrong;
        const one_tensor made("w", {4, 3}, tensor_type::f32, raw(values));
        const memory_source source(made.bytes);
        auto file = gguf_file::open(source);
        REQUIRE(file);
        weight_loader loader(*file, best_kernels());
        loader.start_loading({});
        packed_matrix w;
        const status refused = loader.matrix(w, 3, 4, short_name("w"));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == error_code::malformed);
        CHECK(mentions(refused.error(), "'w' holds an infinity or NaN in row 1"));
    }
    auto blocks = q8_rows(3);
    blocks[2 * 68 + 34 + 1] = 0x7c; // the scale of the last block: infinity
    const one_tensor made("w", {64, 3}, tensor_type::q8_0, blocks);
    const memory_source source(made.bytes);
    auto file = gguf_file::open(source);
    REQUIRE(file);
    weight_loader loader(*file, best_kernels());
    loader.start_loading({});
    packed_matrix w;
    const status refused = loader.matrix(w, 3, 64, short_name("w"));
    REQUIRE_FALSE(refused);
    CHECK(mentions(refused.error(), "in row 2"));
}

// Where the half-precision numbers of a block lie: each of them must be looked at.
struct scale_place {
    tensor_type type;
    std::size_t at;
};

TEST_CASE("weight_loader: infinities and NaNs among the scales of every type are found") {
    for (const scale_place place :
         {scale_place{tensor_type::q8_0, 0}, scale_place{tensor_type::q4_0, 0}, scale_place{tensor_type::q4_1, 0},
          scale_place{tensor_type::q4_1, 2}, scale_place{tensor_type::q5_0, 0}, scale_place{tensor_type::q5_1, 0},
          scale_place{tensor_type::q5_1, 2}, scale_place{tensor_type::iq4_nl, 0}, scale_place{tensor_type::q2_k, 80},
          scale_place{tensor_type::q2_k, 82}, scale_place{tensor_type::q3_k, 108}, scale_place{tensor_type::q4_k, 0},
          scale_place{tensor_type::q4_k, 2}, scale_place{tensor_type::q5_k, 0}, scale_place{tensor_type::q5_k, 2},
          scale_place{tensor_type::q6_k, 208}}) {
        CAPTURE(std::string(name_of(place.type)));
        CAPTURE(place.at);
        for (const int half : {0x7c00, 0xfc00, 0x7e00, 0x7bff}) { // the last is 65504: finite, with any factor
            const tensor_type_info & info = info_of(place.type);
            const std::size_t cols = info.block_size;
            std::vector<std::uint8_t> blocks(std::size_t{3} * info.block_bytes, 0x3c); // scales of 1.06
            blocks[info.block_bytes + place.at] = static_cast<std::uint8_t>(half & 255);
            blocks[info.block_bytes + place.at + 1] = static_cast<std::uint8_t>(half >> 8);
            const one_tensor made("w", {cols, 3}, place.type, blocks);
            const memory_source source(made.bytes);
            auto file = gguf_file::open(source);
            REQUIRE(file);
            weight_loader loader(*file, best_kernels());
            loader.start_loading({});
            packed_matrix w;
            const status loaded = loader.matrix(w, 3, cols, short_name("w"));
            if (half == 0x7bff) {
                CHECK(loaded);
                std::vector<float> row(cols);
                best_kernels().unpack_row(w.view(), 1, row.data());
                for (const float weight : row) {
                    REQUIRE(std::isfinite(weight));
                }
                continue;
            }
            REQUIRE_FALSE(loaded);
            CHECK(loaded.error().code() == error_code::malformed);
            CHECK(mentions(loaded.error(), "'w' holds an infinity or NaN in row 1"));
        }
    }
}

TEST_CASE("weight_loader: vectors may be floats of any width") {
    const std::vector<std::uint8_t> halves = {0x00, 0x3c, 0x00, 0xc0}; // 1, -2
    const one_tensor made("v", {2}, tensor_type::f16, halves);
    const memory_source source(made.bytes);
    auto file = gguf_file::open(source);
    REQUIRE(file);
    weight_loader loader(*file, best_kernels());
    loader.start_loading({});
    heap_array<float> v;
    REQUIRE(loader.vector(v, 2, short_name("v")));
    CHECK(v[0] == 1.0f);
    CHECK(v[1] == -2.0f);
}

TEST_CASE("weight loader: a head comes with its sketch, which counts") {
    const one_tensor file("head", {64, 40}, tensor_type::q8_0, q8_rows(40));
    const memory_source source(file.bytes);
    const auto parsed = gguf_file::open(source);
    REQUIRE(parsed);
    for (const head_mode mode : {head_mode::full, head_mode::sketch, head_mode::automatic}) {
        weight_loader loader(*parsed, best_kernels(), mode);
        packed_matrix head;
        head_sketch sketch;
        REQUIRE(loader.head(head, sketch, 40, 64, short_name("head")));
        const std::uint64_t counted = loader.memory_bytes();
        CHECK(sketch.empty());
        CHECK(loader.rounds_activations());
        loader.start_loading({});
        REQUIRE(loader.head(head, sketch, 40, 64, short_name("head")));
        CHECK(loader.memory_bytes() == counted);
        CHECK(loader.n_weights() == 40 * 64);
        const bool has_sketch = mode == head_mode::sketch; // this small a head has none of itself
        CHECK(sketch.empty() == !has_sketch);
        CHECK(counted ==
              head.size_bytes() + (has_sketch ? head_sketch::bytes_needed(best_kernels(), 40, 64) : std::uint64_t{0}));
        if (has_sketch) {
            CHECK(sketch.errors()[39] > 0.0f);
        }
        packed_matrix other;
        REQUIRE(loader.matrix(other, 40, 64, short_name("head"))); // a matrix after it is none
        CHECK_FALSE(loader.head(head, sketch, 41, 64, short_name("head")));
        CHECK_FALSE(loader.head(head, sketch, 40, 64, short_name("missing")));
    }
}

} // namespace
