#include <llmzero/base/function_ref.hpp>

#include <cstddef>
#include <doctest/doctest.h>

using namespace llmzero;

namespace {

int doubled(int x) {
    return 2 * x;
}

struct counter {
    int calls = 0;
    int operator()(int x) {
        ++calls;
        return x + calls;
    }
};

struct only_const {
    int operator()(int x) const { return x - 1; }
};

int call(function_ref<int(int)> f, int x) {
    return f(x);
}

TEST_CASE("function_ref: calls functions, function pointers and lambdas") {
    CHECK(call(doubled, 4) == 8);
    CHECK(call(&doubled, 4) == 8);
    const int added = 3;
    CHECK(call([&](int x) { return x + added; }, 4) == 7);
    const only_const subtract;
    CHECK(call(subtract, 4) == 3);
}

TEST_CASE("function_ref: refers to the object, and does not copy it") {
    counter c;
    const function_ref<int(int)> f(c);
    CHECK(f(10) == 11);
    CHECK(f(10) == 12);
    CHECK(c.calls == 2);
    const function_ref<int(int)> same = f;
    CHECK(same(10) == 13);
    CHECK(c.calls == 3);
}

TEST_CASE("function_ref: is false when empty") {
    CHECK_FALSE(function_ref<void()>());
    CHECK_FALSE(function_ref<void()>(nullptr));
    CHECK(function_ref<int(int)>(doubled));
}

TEST_CASE("function_ref: passes references and move-only arguments on") {
    int seen = 0;
    const auto set = [](int & into) {
        into = 5;
    };
    const function_ref<void(int &)> setter(set);
    setter(seen);
    CHECK(seen == 5);

    struct token {
        explicit token(int v) : value(v) {}
        token(token &&) = default;
        token(const token &) = delete;
        int value;
    };
    const auto take = [](token t) {
        return t.value;
    };
    const function_ref<int(token)> taker(take);
    CHECK(taker(token(9)) == 9);
}

TEST_CASE("function_ref: a result that is not wanted is dropped") {
    int calls = 0;
    const auto f = [&] {
        return ++calls;
    };
    function_ref<void()> g(f);
    g();
    CHECK(calls == 1);
}

static_assert(sizeof(function_ref<void()>) == 2 * sizeof(void *), "two pointers");
static_assert(!std::is_constructible_v<function_ref<int(int)>, int (*)(int, int)>, "only what can be called so");

} // namespace
