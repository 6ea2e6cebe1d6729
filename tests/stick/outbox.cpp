#include "stick/outbox.hpp"

#include "memory_store.hpp"

#include <doctest/doctest.h>
#include <optional>
#include <string>

namespace {

std::optional<stick::own_file> no_last_file(const stick::outbox::outcome &) {
    return std::nullopt;
}

} // namespace

TEST_CASE("outbox: everything is written in one go, the last file with what is known by then") {
    support::memory_store store;
    store.save("a.txt", "A");
    store.save("b.txt", "B");
    stick::outbox box;
    box.add(stick::ready_answer{"a.txt", "A", "1", 0, true});
    box.add(stick::ready_answer{"b.txt", "other", "2", 0, true});
    box.add(stick::ready_answer{"gone.txt", "", "3", 0, true});
    box.add(stick::ready_answer{"b.txt", "B", "4", 0, false});
    box.add(stick::own_file{"README.TXT", std::nullopt, "first"});
    box.add(stick::own_file{"README.TXT", std::nullopt, "second"});
    const auto done = box.write(store, 5, [](const stick::outbox::outcome & so_far) {
        return std::optional(stick::own_file{"STATUS.TXT", std::nullopt, std::to_string(so_far.n_answers)});
    });
    CHECK(done.error.empty());
    CHECK(done.n_answers == 1);
    CHECK(done.dropped == std::vector<std::string>{"b.txt", "gone.txt"});
    CHECK(store.content("a.txt") == "A1");
    CHECK(store.content("b.txt") == "B4");
    CHECK(store.content("README.TXT") == "second");
    CHECK(store.content("STATUS.TXT") == "1");
    CHECK(store.n_begun == 1);
    CHECK_FALSE(store.is_writing);
    CHECK(box.answers().empty());
    CHECK_FALSE(box.has_own_files());
}

TEST_CASE("outbox: a file of ours that the user has changed is theirs") {
    support::memory_store store;
    store.save("SETTINGS.TXT", "changed");
    stick::outbox box;
    box.add(stick::own_file{"SETTINGS.TXT", "before", "explained"});
    CHECK(box.write(store, 0, no_last_file).error.empty());
    CHECK_FALSE(box.has_own_files());
    CHECK(store.content("SETTINGS.TXT") == "changed");
}

TEST_CASE("outbox: what fails stays, and is tried less and less often") {
    support::memory_store store;
    store.save("a.txt", "A");
    stick::outbox box({.busy_ms = 1, .first_ms = 10, .longest_ms = 35});
    CHECK(box.not_before_ms() == 0);
    box.add(stick::ready_answer{"a.txt", "A", "1", 0, true});
    box.add(stick::own_file{"README.TXT", std::nullopt, "text"});
    store.is_busy = true;
    CHECK(box.write(store, 100, no_last_file).error.empty());
    CHECK(box.not_before_ms() == 101);
    store.is_busy = false;
    store.is_full = true;
    for (const std::int64_t next : {110, 120, 135, 135}) {
        CHECK(box.write(store, 100, no_last_file).error == "the volume is full");
        CHECK(box.not_before_ms() == next);
        CHECK(box.answers().size() == 1);
        CHECK(box.has_own_files());
        CHECK_FALSE(store.is_writing);
        store.fails_to_end = true; // the first error says more
    }
    store.fails_to_end = false;
    box.add(stick::ready_answer{"b.txt", "", "1", 0, true}); // may do better
    CHECK(box.not_before_ms() == 0);
    store.is_full = false;
    CHECK(box.write(store, 200, no_last_file).n_answers == 1);
    CHECK(box.not_before_ms() == 0);
    CHECK(store.content("a.txt") == "A1");
    CHECK(store.content("README.TXT") == "text");
}

TEST_CASE("outbox: an error at the end of writing is one") {
    support::memory_store store;
    store.fails_to_end = true;
    stick::outbox box({.first_ms = 10});
    box.add(stick::own_file{"README.TXT", std::nullopt, "text"});
    CHECK(box.write(store, 100, no_last_file).error == "the disk fails");
    CHECK(box.not_before_ms() == 110);
}
