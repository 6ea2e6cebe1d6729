// A session's writes, cut at every moment: each prefix of them and bounded reorderings between flushes.
#include "fat/editor.hpp"
#include "fat/format.hpp"
#include "fat/host_tools.hpp"
#include "fat/recording_device.hpp"
#include "fat/strict_check.hpp"
#include "support/scale.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace {

using fat_test::file_map;
using fat_test::strict_check;

std::string some_text(std::size_t n, unsigned seed) {
    std::string text;
    while (text.size() < n) {
        seed = seed * 1103515245 + 12345;
        text += static_cast<char>('a' + (seed >> 16) % 26);
    }
    return text;
}

// One step of a session: what is on the volume before it and after it.
struct step {
    std::string what;
    std::string path; // the file it changes
    file_map before;
    file_map after;
    std::vector<std::byte> image; // before
    fat_test::write_log log;
};

class session {
public:
    explicit session(const fat::format_options & options, std::uint64_t n_sectors) {
        fat::memory_device fresh(n_sectors);
        REQUIRE(fat::format(fresh, options));
        image_.assign(fresh.bytes().begin(), fresh.bytes().end());
    }

    void append(const std::string & path, std::size_t n) {
        do_step("append", path, [&](fat::editor & edit, file_map & files) {
            const std::string more = some_text(n, static_cast<unsigned>(steps.size()));
            files[path] += more;
            return edit.append(path, more, when_);
        });
    }
    void replace(const std::string & path, std::size_t n) {
        do_step("replace", path, [&](fat::editor & edit, file_map & files) {
            files[path] = some_text(n, static_cast<unsigned>(steps.size()));
            return edit.replace(path, files[path], when_);
        });
    }
    void make_folder(const std::string & path) {
        do_step("make_folder", path + '/', [&](fat::editor & edit, file_map & files) {
            files[path + '/'] = "";
            return edit.make_folder(path, when_);
        });
    }

    std::vector<step> steps;

private:
    template <class Work> void do_step(const char * what, const std::string & path, Work && work) {
        step done{what, path, files_, {}, image_, {}};
        fat_test::recording_device device(image_);
        auto edit = fat::editor::open(device);
        REQUIRE(edit);
        CHECK(device.log.writes.empty()); // a consistent volume is only read
        const llmzero::status status = work(*edit, files_);
        INFO(what, " ", path, ": ", status ? "" : status.error().message());
        REQUIRE(status);
        done.after = files_;
        done.log = device.log;
        image_.assign(device.bytes().begin(), device.bytes().end());
        const strict_check check(image_);
        CHECK(check.problem() == "");
        CHECK((check.files() == files_));
        steps.push_back(std::move(done));
    }

    std::vector<std::byte> image_;
    file_map files_;
    fat::timestamp when_ = fat::timestamp::of({2024, 2, 29, 12, 30, 0});
};

session make_session(const fat::format_options & options, std::uint64_t n_sectors) {
    session s(options, n_sectors);
    const std::string accents = "\xc3\x84pfel, \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d und \xf0\x9f\x98\x80.txt";
    s.replace("README.TXT", 700);
    s.replace("large.txt", 150000); // chains over several sectors of the table
    s.append("large.txt", 120000);
    s.replace("README.TXT", 30); // and leaves a gap
    s.replace("large.txt", 140000);
    s.replace("empty.txt", 0);
    s.append("empty.txt", 100); // the first cluster
    s.append("empty.txt", 400); // to the sector's end or over it
    s.append("empty.txt", 12);
    s.append("empty.txt", 5000); // into further clusters
    s.replace(accents, 3000);
    s.make_folder("Fragen und Antworten, lang genug f\xc3\xbcr drei Eintr\xc3\xa4ge");
    const std::string folder = "Fragen und Antworten, lang genug f\xc3\xbcr drei Eintr\xc3\xa4ge/";
    // The folder grows by clusters, and names lie in two sectors.
    for (int i = 0; i < 9; ++i) {
        s.replace(folder + "a question of which the name takes " + std::string(static_cast<std::size_t>(i) * 20, 'x') +
                      std::to_string(i) + ".txt",
                  static_cast<std::size_t>(i) * 333);
    }
    s.replace(folder + "SHORT.TXT", 1);
    s.replace(folder + std::string(251, 'n') + ".txt", 2048); // 21 entries
    s.make_folder(folder + "inner");
    s.replace(folder + "inner/deep.txt", 1500);
    s.append(folder + "inner/deep.txt", 9000);
    s.append(accents, 40);
    s.replace(accents, 6000); // and frees what it had
    s.replace("README.TXT", 0);
    s.replace("README.TXT", 1024);
    return s;
}

struct cut_counts {
    std::size_t cuts = 0;
    std::size_t judged = 0; // by fsck.vfat
    std::size_t again = 0;  // cuts of the recovery
};

// Whether every file is what it was before or after the step, and but for the step's own file the same as before.
bool has_old_or_new(const file_map & found, const step & done, bool was_certain) {
    return found == done.after || (!was_certain && found == done.before);
}

void cut_everywhere(const session & s, std::size_t n_subsets, std::size_t fsck_every, cut_counts & counts) {
    const bool may_judge = fat_test::has_host_tools("power cuts");
    const fat_test::scratch_folder scratch;
    for (const step & done : s.steps) {
        const unsigned seed = static_cast<unsigned>(counts.cuts);
        fat_test::for_each_cut(
            done.image, done.log, n_subsets, seed,
            [&](const std::vector<std::byte> & cut, std::size_t certain, std::size_t) {
                ++counts.cuts;
                fat_test::recording_device device(cut);
                const auto repaired = fat::recover(device);
                REQUIRE(repaired);
                const strict_check check(device.bytes());
                INFO(done.what, " ", done.path, ", ", certain, " writes certain of ", done.log.writes.size());
                REQUIRE(check.problem() == "");
                REQUIRE(has_old_or_new(check.files(), done, certain == done.log.writes.size()));
                if (may_judge && counts.cuts % fsck_every == 0) {
                    ++counts.judged;
                    REQUIRE(fat_test::fsck(device.bytes(), scratch) == "");
                }
                // The recovery is cut as well, now and then.
                if (repaired->any() && counts.cuts % 5 == 0) {
                    fat_test::for_each_cut(cut, device.log, 2, seed,
                                           [&](const std::vector<std::byte> & twice, std::size_t, std::size_t) {
                                               ++counts.again;
                                               fat::memory_device second(twice);
                                               REQUIRE(fat::recover(second));
                                               const strict_check after(second.bytes());
                                               REQUIRE(after.problem() == "");
                                               REQUIRE(has_old_or_new(after.files(), done, false));
                                           });
                }
            });
    }
}

} // namespace

TEST_CASE("editor: a power cut at any moment leaves every file whole") {
    cut_counts counts;
    // LLMZERO_FAT_FSCK=all asks fsck.vfat about every single one.
    const char * asked = std::getenv("LLMZERO_FAT_FSCK");
    const bool all = asked != nullptr && std::string_view(asked) == "all";
    const std::size_t fsck_every = all ? 1 : support::full_scale() ? 20 : 400;
    const std::size_t n_subsets = all ? 100 : support::full_scale() ? 30 : 5;
    const session fat16 = make_session({.kind = fat::fat_kind::fat16, .sectors_per_cluster = 1}, 4400);
    cut_everywhere(fat16, n_subsets, fsck_every, counts);
    if (support::full_scale()) {
        const session larger = make_session({.kind = fat::fat_kind::fat16, .sectors_per_cluster = 2}, 9000);
        cut_everywhere(larger, n_subsets, fsck_every, counts);
    }
    MESSAGE(counts.cuts, " cuts, ", counts.judged, " of them judged by fsck.vfat, and ", counts.again,
            " cuts of recoveries");
    CHECK(counts.cuts + counts.again >= (support::full_scale() ? 2000u : 500u));
}

TEST_CASE("editor: a power cut on FAT32") {
    if (!support::full_scale()) {
        return; // 33 MB for each cut
    }
    cut_counts counts;
    session s({.kind = fat::fat_kind::fat32, .sectors_per_cluster = 1}, 67200);
    s.replace("One file with a long name.txt", 700);
    s.make_folder("folder");
    s.replace("folder/Another file with a long name.txt", 2000);
    s.append("folder/Another file with a long name.txt", 2000);
    s.replace("folder/Another file with a long name.txt", 100);
    cut_everywhere(s, 2, 25, counts);
    MESSAGE(counts.cuts, " cuts, ", counts.judged, " of them judged by fsck.vfat");
}
