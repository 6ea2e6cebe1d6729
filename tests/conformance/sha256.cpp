// The digest that other tests compare with, against the examples of FIPS 180-4 and messages of every length around
// the padding's borders.
#include "support/sha256.hpp"

#include <doctest/doctest.h>
#include <string>

TEST_CASE("sha256: known answers") {
    const auto digest = [](const std::string & text) {
        return support::sha256_hex(text.data(), text.size());
    };
    CHECK(digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(digest(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha256: a message in pieces gives the digest of the whole") {
    for (std::size_t length : {1u, 54u, 55u, 56u, 57u, 63u, 64u, 65u, 119u, 120u, 128u, 200u}) {
        const std::string text(length, 'x');
        for (std::size_t cut = 0; cut <= length; cut += 7) {
            support::sha256 pieces;
            pieces.update(text.data(), cut).update(text.data() + cut, length - cut);
            CHECK(pieces.hex() == support::sha256_hex(text.data(), length));
        }
    }
}
