#include <llmzero/storage/gguf_value.hpp>

#include "gguf_bytes.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <vector>

using namespace llmzero;
using support::bytes_of;
using support::contains;
using support::raw;

namespace {

gguf_entry entry_of(gguf_type type, std::string_view payload) {
    gguf_entry entry;
    entry.key = "the.key";
    entry.type = type;
    entry.payload = bytes_of(payload);
    entry.offset = 4321;
    return entry;
}

// Asks for a T, and compares with what exact arithmetic says (is_below: `value` is negative).
template <class T> void check_as(const gguf_entry & entry, std::int64_t low, std::uint64_t high) {
    CAPTURE(low);
    CAPTURE(high);
    const result<T> got = entry.as<T>();
    const bool fits = low < 0 ? std::in_range<T>(low) : std::in_range<T>(high);
    CHECK(got.has_value() == fits);
    if (got.has_value()) {
        CHECK(*got == static_cast<T>(low < 0 ? static_cast<std::uint64_t>(low) : high));
    } else {
        CHECK(got.error().code() == error_code::malformed);
        CHECK(contains(got.error(), "'the.key'"));
        CHECK(contains(got.error(), "offset 4321"));
        CHECK(contains(got.error(), low < 0 ? "is " + std::to_string(low) : "is " + std::to_string(high)));
        CHECK(contains(got.error(), "to " + std::to_string(std::numeric_limits<T>::max())));
    }
}

template <class T> void check_stored(gguf_type type, T value) {
    const std::string payload = raw(value);
    const gguf_entry entry = entry_of(type, payload);
    const std::int64_t low = value < T{0} ? static_cast<std::int64_t>(value) : 0;
    const std::uint64_t high = value < T{0} ? 0 : static_cast<std::uint64_t>(value);
    check_as<std::uint8_t>(entry, low, high);
    check_as<std::int8_t>(entry, low, high);
    check_as<std::uint16_t>(entry, low, high);
    check_as<std::int16_t>(entry, low, high);
    check_as<std::uint32_t>(entry, low, high);
    check_as<std::int32_t>(entry, low, high);
    check_as<std::uint64_t>(entry, low, high);
    check_as<std::int64_t>(entry, low, high);
    CHECK_FALSE(entry.as<float>());
    CHECK_FALSE(entry.as<bool>());
    CHECK_FALSE(entry.as<std::string_view>());
}

// The ends of every width, and their neighbours, as far as T holds them.
template <class T> void check_width(gguf_type type) {
    for (const int bits : {0, 7, 8, 15, 16, 31, 32, 63}) {
        const std::uint64_t power = std::uint64_t{1} << bits;
        for (const std::uint64_t magnitude : {power - 1, power, power + 1}) {
            if (std::in_range<T>(magnitude)) {
                check_stored(type, static_cast<T>(magnitude));
            }
            const auto negated = static_cast<std::int64_t>(std::uint64_t{0} - magnitude);
            if (negated < 0 && std::in_range<T>(negated)) {
                check_stored(type, static_cast<T>(negated));
            }
        }
    }
    check_stored(type, std::numeric_limits<T>::max());
    check_stored(type, std::numeric_limits<T>::min());
}

TEST_CASE("gguf_value: integers of any width are read into any width that holds them") {
    check_width<std::uint8_t>(gguf_type::u8);
    check_width<std::int8_t>(gguf_type::i8);
    check_width<std::uint16_t>(gguf_type::u16);
    check_width<std::int16_t>(gguf_type::i16);
    check_width<std::uint32_t>(gguf_type::u32);
    check_width<std::int32_t>(gguf_type::i32);
    check_width<std::uint64_t>(gguf_type::u64);
    check_width<std::int64_t>(gguf_type::i64);
}

TEST_CASE("gguf_value: floating point numbers are read as they are, finite or not") {
    const std::string half = raw(0.5f);
    CHECK(*entry_of(gguf_type::f32, half).as<float>() == 0.5f);
    CHECK(*entry_of(gguf_type::f32, half).as<double>() == 0.5);
    const std::string tenth = raw(0.1);
    CHECK(*entry_of(gguf_type::f64, tenth).as<double>() == 0.1);
    CHECK(*entry_of(gguf_type::f64, tenth).as<float>() == 0.1f);
    const std::string nan = raw(std::numeric_limits<double>::quiet_NaN());
    CHECK(std::isnan(*entry_of(gguf_type::f64, nan).as<float>()));
    const std::string infinity = raw(-std::numeric_limits<double>::infinity());
    CHECK(*entry_of(gguf_type::f64, infinity).as<float>() == -std::numeric_limits<float>::infinity());
    for (const double too_large : {1e39, -1e300}) {
        const std::string stored = raw(too_large);
        const auto refused = entry_of(gguf_type::f64, stored).as<float>();
        REQUIRE_FALSE(refused);
        CHECK(contains(refused.error(), "'the.key'"));
        CHECK(contains(refused.error(), "too large"));
        CHECK(*entry_of(gguf_type::f64, stored).as<double>() == too_large);
    }
    const std::string largest = raw(static_cast<double>(std::numeric_limits<float>::max()));
    CHECK(*entry_of(gguf_type::f64, largest).as<float>() == std::numeric_limits<float>::max());
}

TEST_CASE("gguf_value: bools and strings") {
    CHECK(*entry_of(gguf_type::boolean, std::string_view("\0", 1)).as<bool>() == false);
    CHECK(*entry_of(gguf_type::boolean, "\1").as<bool>() == true);
    CHECK(*entry_of(gguf_type::string, "text").as<std::string_view>() == "text");
    CHECK(entry_of(gguf_type::string, "").as<std::string_view>()->empty());
}

TEST_CASE("gguf_value: a value of another type is refused, saying what was found and expected") {
    const std::string four = raw(std::uint32_t{4});
    const auto text = entry_of(gguf_type::u32, four).as<std::string_view>();
    REQUIRE_FALSE(text);
    CHECK(std::string_view(text.error().message()) ==
          "key 'the.key' is of type u32, expected a string (at offset 4321)");
    const auto flag = entry_of(gguf_type::u32, four).as<bool>();
    REQUIRE_FALSE(flag);
    CHECK(contains(flag.error(), "is of type u32, expected a bool"));
    const auto real = entry_of(gguf_type::u32, four).as<float>();
    REQUIRE_FALSE(real);
    CHECK(contains(real.error(), "is of type u32, expected a floating point number"));
    for (const gguf_type type :
         {gguf_type::f32, gguf_type::boolean, gguf_type::string, gguf_type::array, gguf_type::f64}) {
        const auto integer = entry_of(type, "12345678").as<int>();
        REQUIRE_FALSE(integer);
        CHECK(contains(integer.error(), std::string("is of type ") + name_of(type) + ", expected an integer"));
    }
}

gguf_entry array_entry(gguf_type element, std::size_t count, std::string_view payload) {
    gguf_entry entry = entry_of(gguf_type::array, payload);
    entry.element_type = element;
    entry.count = count;
    return entry;
}

TEST_CASE("gguf_value: an array is given as what it is, and as nothing else") {
    constexpr gguf_array_kind kinds[] = {gguf_array_kind::integers, gguf_array_kind::floats, gguf_array_kind::bools,
                                         gguf_array_kind::strings, gguf_array_kind::bytes};
    const std::string payload(8, 0);
    for (std::uint32_t id = 0; id < gguf_type_count; ++id) {
        const auto element = static_cast<gguf_type>(id);
        if (element == gguf_type::array) {
            continue;
        }
        for (const gguf_array_kind kind : kinds) {
            CAPTURE(name_of(element));
            CAPTURE(name_of(kind));
            bool expected = false;
            switch (kind) {
            case gguf_array_kind::integers: expected = is_integer(element); break;
            case gguf_array_kind::floats: expected = element == gguf_type::f32; break;
            case gguf_array_kind::bools: expected = element == gguf_type::boolean; break;
            case gguf_array_kind::strings: expected = element == gguf_type::string; break;
            case gguf_array_kind::bytes: expected = element == gguf_type::u8 || element == gguf_type::i8; break;
            }
            const auto array = array_entry(element, 1, payload).as_array(kind);
            REQUIRE(array.has_value() == expected);
            if (!expected) {
                CHECK(array.error().code() == error_code::malformed);
                CHECK(contains(array.error(), "'the.key'"));
                CHECK(contains(array.error(), std::string("an array of ") + name_of(element)));
                CHECK(contains(array.error(), std::string("expected an array of ") + name_of(kind)));
                CHECK(contains(array.error(), "offset 4321"));
            } else {
                CHECK(array->element_type() == element);
                CHECK(array->key() == "the.key");
                CHECK(array->offset() == 4321);
                CHECK(array->size() == 1);
            }
        }
    }
    const auto scalar = entry_of(gguf_type::u8, "x").as_array(gguf_array_kind::bytes);
    REQUIRE_FALSE(scalar);
    CHECK(contains(scalar.error(), "is of type u8, expected an array of u8 or i8"));
}

TEST_CASE("gguf_value: integers in arrays are read by number, with their range checked") {
    const std::string payload = raw(std::int16_t{-3}) + raw(std::int16_t{300});
    const auto array = array_entry(gguf_type::i16, 2, payload).as_array(gguf_array_kind::integers);
    REQUIRE(array);
    CHECK(*array->integer<std::int32_t>(0) == -3);
    CHECK(*array->integer<std::uint64_t>(1) == 300);
    const auto negative = array->integer<std::uint32_t>(0);
    REQUIRE_FALSE(negative);
    CHECK(contains(negative.error(), "'the.key' is -3, expected 0 to 4294967295 (at offset 4321)"));
    const auto large = array->integer<std::int8_t>(1);
    REQUIRE_FALSE(large);
    CHECK(contains(large.error(), "is 300, expected -128 to 127 (at offset 4323)"));
    const std::string wide = raw(std::numeric_limits<std::uint64_t>::max());
    const auto unsigned_array = array_entry(gguf_type::u64, 1, wide).as_array(gguf_array_kind::integers);
    REQUIRE(unsigned_array);
    CHECK_FALSE(unsigned_array->integer<std::int64_t>(0));
    CHECK(*unsigned_array->integer<std::uint64_t>(0) == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("gguf_value: floats, bools and bytes in arrays") {
    // One byte in front, so that nothing is aligned.
    const std::string floats = "x" + raw(1.5f) + raw(-2.25f);
    const auto array =
        array_entry(gguf_type::f32, 2, std::string_view(floats).substr(1)).as_array(gguf_array_kind::floats);
    REQUIRE(array);
    CHECK(array->real(0) == 1.5f);
    CHECK(array->real(1) == -2.25f);
    const auto bools = array_entry(gguf_type::boolean, 2, std::string_view("\0\1", 2)).as_array(gguf_array_kind::bools);
    REQUIRE(bools);
    CHECK_FALSE(bools->flag(0));
    CHECK(bools->flag(1));
    const auto bytes = array_entry(gguf_type::i8, 3, "abc").as_array(gguf_array_kind::bytes);
    REQUIRE(bytes);
    CHECK(as_text(bytes->bytes()) == "abc");
}

TEST_CASE("gguf_value: strings in arrays are met in order, empty ones included") {
    const std::vector<std::string> expected = {"one", "", std::string("z\0z", 3), "", std::string(300, 'x')};
    std::string payload;
    for (const std::string & text : expected) {
        payload += support::text(text);
    }
    const auto array = array_entry(gguf_type::string, expected.size(), payload).as_array(gguf_array_kind::strings);
    REQUIRE(array);
    CHECK(array->strings().size() == expected.size());
    std::size_t n = 0;
    for (const std::string_view text : array->strings()) {
        REQUIRE(n < expected.size());
        CHECK(text == expected[n]);
        ++n;
    }
    CHECK(n == expected.size());
    // Twice over the same range, and by the postfix form.
    auto at = array->strings().begin();
    CHECK(*at++ == "one");
    CHECK((*at).empty());
    const auto none = array_entry(gguf_type::string, 0, "").as_array(gguf_array_kind::strings);
    REQUIRE(none);
    CHECK(none->strings().begin() == none->strings().end());
}

static_assert(std::forward_iterator<gguf_strings::iterator>);

} // namespace
