// A session of the whole service on a volume, cut at every moment of its writing: each prefix of the sector writes, and
// bounded reorderings between flushes. What the service finds at its next start is put right, nothing of the user's is
// lost or halved, and in the end there is what there would have been without the cut.
#include "fat/format.hpp"
#include "fat/host_tools.hpp"
#include "fat/recording_device.hpp"
#include "fat/strict_check.hpp"
#include "scripted_answerer.hpp"
#include "stick/fat_store.hpp"
#include "stick/service.hpp"
#include "support/scale.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace {

using fat_test::file_map;
using fat_test::strict_check;

class quiet_world final : public stick::surroundings {
public:
    std::int64_t now_ms() override { return now; }
    bool should_end() override { return false; }
    bool has_news() override { return false; }
    std::int64_t now = 1000;
};

// As on a computer, where STATUS.TXT is written at any time, and as on the stick.
const stick::service_options any_time = {.progress_ms = 0};
const stick::service_options when_pulled = {.patience_ms = 20000, .writes_any_time = false};

// A service from its start until nothing is left to do.
void serve_all(fat::block_device & disk, const stick::service_options & how) {
    stick::fat_store store(disk);
    REQUIRE(store.recover());
    support::scripted_answerer answerer;
    quiet_world world;
    stick::service service(store, answerer, world, how);
    int n_steps = 0;
    do {
        world.now += service.step().value_or(1000) + 1;
    } while ((!service.is_done() || n_steps < 3) && ++n_steps < 500);
    REQUIRE(service.is_done());
    service.finish();
}

file_map checked_files(std::span<const std::byte> image) {
    const strict_check check(image);
    REQUIRE(check.problem() == "");
    return check.files();
}

// What the computer saves, and all that the service writes then.
struct served_round {
    std::vector<std::byte> image; // before
    file_map before;
    file_map after;
    fat_test::write_log log;
    stick::service_options how;
};

class volume_session {
public:
    volume_session() {
        fat::memory_device fresh(4400);
        REQUIRE(fat::format(fresh, {.kind = fat::fat_kind::fat16, .sectors_per_cluster = 1}));
        image_.assign(fresh.bytes().begin(), fresh.bytes().end());
    }

    // `saved`: paths and what the user writes at the end of what is there.
    void round(const file_map & saved, const stick::service_options & how) {
        fat::memory_device disk(image_);
        const file_map there = checked_files(image_);
        auto edit = fat::editor::open(disk);
        REQUIRE(edit);
        for (const auto & [path, more] : saved) {
            if (const std::size_t slash = path.find('/'); slash != path.npos) {
                REQUIRE(edit->make_folder(path.substr(0, slash), {}));
            }
            const auto known = there.find(path);
            REQUIRE(edit->replace(path, (known == there.end() ? "" : known->second) + more, {}));
        }
        served_round done{{disk.bytes().begin(), disk.bytes().end()}, checked_files(disk.bytes()), {}, {}, how};
        fat_test::recording_device recorded(done.image);
        serve_all(recorded, how);
        done.after = checked_files(recorded.bytes());
        done.log = std::move(recorded.log);
        image_.assign(recorded.bytes().begin(), recorded.bytes().end());
        for (const auto & [path, more] : saved) {
            const std::string & was = done.before[path];
            CHECK((path == stick::settings_name || done.after[path].starts_with(was)));
            CHECK(done.after[path].size() > was.size());
        }
        rounds.push_back(std::move(done));
    }

    std::vector<served_round> rounds;

private:
    std::vector<std::byte> image_;
};

volume_session make_volume_session() {
    const std::string accents = "\xc3\x84pfel, \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d und \xf0\x9f\x98\x80.txt";
    const std::string long_question = "Why?" + std::string(2500, 'y'); // and so is its answer
    volume_session s;
    s.round({}, any_time); // the first plug
    s.round({{"talk.txt", "Why?\n"}, {accents, "Wer?"}, {"A question by its name.txt", ""}}, any_time);
    s.round({{"talk.txt", "And then?\n"}, {"folder/deep.txt", long_question}}, any_time);
    s.round({{"talk.txt", "\nAnd in the end?"}, {"SETTINGS.TXT", "seed = x\r\nmax tokens = 7\r\n"}}, when_pulled);
    for (const stick::service_options & how : {when_pulled, any_time, any_time}) {
        file_map burst;
        for (int i = 0; i < 20; ++i) {
            burst["folder/burst " + std::to_string(i) + ".txt"] =
                std::string(static_cast<std::size_t>(i % 7) * 250, 'b') + "?";
        }
        s.round(burst, how);
    }
    s.round({{"too long.txt", "This is too long."}, {"silent.txt", "silence"}, {accents, "\r\nWarum?\r\n"}}, any_time);
    return s;
}

// STATUS.TXT is one of those that were written.
bool is_old_or_new(const served_round & round, const std::string & path, const std::string & content) {
    if (path == stick::status_name) {
        return content.starts_with("llmzero is ") && content.ends_with("\r\n");
    }
    const auto before = round.before.find(path);
    const auto after = round.after.find(path);
    return (before != round.before.end() && before->second == content) ||
           (after != round.after.end() && after->second == content);
}

void check_cut(const served_round & round, const file_map & found) {
    for (const auto & file : round.before) {
        INFO(file.first);
        REQUIRE(found.contains(file.first));
    }
    for (const auto & file : found) {
        INFO(file.first);
        REQUIRE(is_old_or_new(round, file.first, file.second));
    }
}

} // namespace

TEST_CASE("service: a power cut at any moment loses nothing, and what was cut is done again") {
    // LLMZERO_FAT_FSCK=all asks fsck.vfat about every single one, and lets the service go on after each.
    const char * asked = std::getenv("LLMZERO_FAT_FSCK");
    const bool all = asked != nullptr && std::string_view(asked) == "all";
    const std::size_t fsck_every = all ? 1 : support::full_scale() ? 25 : 200;
    const std::size_t go_on_every = all ? 1 : support::full_scale() ? 20 : 100;
    const std::size_t n_subsets = all ? 100 : support::full_scale() ? 30 : 2;
    const bool may_judge = fat_test::has_host_tools("power cuts of the service");
    const fat_test::scratch_folder scratch;
    const volume_session session = make_volume_session();
    std::size_t n_cuts = 0;
    std::size_t n_judged = 0;
    std::size_t n_gone_on = 0;
    for (const served_round & round : session.rounds) {
        const auto seed = static_cast<unsigned>(n_cuts);
        fat_test::for_each_cut(round.image, round.log, n_subsets, seed,
                               [&](const std::vector<std::byte> & cut, std::size_t certain, std::size_t) {
                                   ++n_cuts;
                                   if (!support::full_scale() && n_cuts % 4 != 0) {
                                       return;
                                   }
                                   INFO("round ", &round - session.rounds.data(), ", ", certain, " writes certain");
                                   fat::memory_device disk(cut);
                                   stick::fat_store store(disk);
                                   REQUIRE(store.recover());
                                   check_cut(round, checked_files(disk.bytes()));
                                   if (may_judge && n_cuts % fsck_every == 0) {
                                       ++n_judged;
                                       REQUIRE(fat_test::fsck(disk.bytes(), scratch) == "");
                                   }
                                   if (n_cuts % go_on_every == 0) {
                                       ++n_gone_on;
                                       serve_all(disk, round.how);
                                       file_map ended = checked_files(disk.bytes());
                                       ended[stick::status_name] = round.after.at(stick::status_name);
                                       REQUIRE((ended == round.after));
                                   }
                               });
    }
    MESSAGE(n_cuts, " cuts, ", n_judged, " of them judged by fsck.vfat, ", n_gone_on, " served to the end");
    CHECK(n_cuts >= (support::full_scale() ? 2000u : 500u));
}
