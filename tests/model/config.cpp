#include <llmzero/model/config.hpp>

#include <doctest/doctest.h>
#include <string>

using namespace llmzero;

TEST_CASE("config: widths of queries and keys follow from their heads") {
    model_config c;
    c.d_model = 640;
    c.n_heads = 4;
    c.n_kv_heads = 1;
    c.head_dim = 256;
    CHECK(c.d_query() == 1024);
    CHECK(c.d_kv() == 256);
}

TEST_CASE("config: which layers are local") {
    model_config c;
    c.window_period = 3;
    CHECK_FALSE(c.is_local(0)); // without a window none is
    c.window = 8;
    CHECK(c.is_local(0));
    CHECK(c.is_local(1));
    CHECK_FALSE(c.is_local(2));
    CHECK(c.is_local(3));
    CHECK_FALSE(c.is_local(5));
    c.window_period = 1;
    CHECK_FALSE(c.is_local(0));
}

TEST_CASE("config: short_name cuts what is too long") {
    const std::string text(300, 'x');
    const short_name cut("%s", text.c_str());
    CHECK(std::string_view(cut) == std::string(95, 'x'));
}
