#include "random_model/shapes.hpp"

#include <doctest/doctest.h>
#include <set>
#include <string>

TEST_CASE("random shapes: found by name, and consistent") {
    std::set<std::string> names;
    for (const random_model::model_shape & shape : random_model::shapes) {
        CAPTURE(shape.name);
        CHECK(names.insert(shape.name).second);
        CHECK(random_model::find_shape(shape.name) == &shape);
        CHECK(shape.n_heads % shape.n_kv_heads == 0);
        CHECK(shape.d_model % 32 == 0);
        CHECK((shape.rope_theta == 0.0f) == (shape.kind == random_model::family::t5));
    }
    CHECK(names.size() == 6);
    CHECK(random_model::find_shape("stories15M") == nullptr);
    CHECK(random_model::find_shape("") == nullptr);
}
