#include "stick/service.hpp"

#include "memory_store.hpp"
#include "scripted_answerer.hpp"

#include <doctest/doctest.h>
#include <map>
#include <string>
#include <vector>

namespace {

const std::string end_of_answer = "--- llmzero: write below this line to go on ---\n";

class scripted_world final : public stick::surroundings {
public:
    std::int64_t now_ms() override { return now; }
    bool should_end() override { return ends; }
    bool has_news() override { return true; }
    std::int64_t now = 1000;
    bool ends = false;
};

struct bench {
    explicit bench(stick::service_options options = {}) : service(store, answerer, world, options) {}

    // Until nothing is due for this long.
    void run(std::int64_t ms) {
        for (const std::int64_t end = world.now + ms; world.now < end && !world.ends;) {
            const auto idle = service.step();
            n_idle = idle == 0 ? n_idle + 1 : 0;
            REQUIRE(n_idle < 100); // or it would never rest
            world.now = std::min(end, world.now + idle.value_or(ms));
        }
    }
    // What was added to a file that the user saved with this content.
    std::string added(const std::string & path, const std::string & saved) {
        const std::string content = store.content(path);
        REQUIRE(content.starts_with(saved));
        return content.substr(saved.size());
    }

    int n_idle = 0; // steps after which there was more to do
    support::memory_store store;
    support::scripted_answerer answerer;
    scripted_world world;
    stick::service service;
};

std::string answer_to(const std::string & question, const char * gap = "\n") {
    return gap + std::string("--- llmzero: script, 3 tokens, 1 line, 1.5 s ---\nAbout: ") + question + "\n" +
           end_of_answer;
}

} // namespace

TEST_CASE("service: its own files are there from the start") {
    bench b;
    b.service.step();
    CHECK(b.store.content("README.TXT") == stick::readme_text());
    CHECK(b.store.content("SETTINGS.TXT") == stick::default_settings_text());
    CHECK(b.store.content("STATUS.TXT").starts_with("llmzero is ready\r\n\r\nModel: script\r\n"));
    CHECK(b.store.files.size() == 3);
    b.run(10000);
    const int n_begun = b.store.n_begun;
    b.run(60000);
    CHECK(b.store.n_begun == n_begun); // nothing is written without need
    CHECK(b.answerer.questions.empty());
}

TEST_CASE("service: files of its own that are there are left as they are") {
    bench b;
    b.store.save("readme.txt", "mine");
    b.store.save("Settings.txt", "# mine");
    b.store.save("status.txt", "mine");
    b.run(10000);
    CHECK(b.store.content("readme.txt") == "mine");
    CHECK(b.store.content("Settings.txt") == "# mine");
    CHECK(b.store.content("status.txt").starts_with("llmzero is ready"));
    CHECK(b.store.files.size() == 3);
}

TEST_CASE("service: a conversation of three turns") {
    bench b;
    std::string saved = "Why?\n";
    b.store.save("a.txt", saved);
    CHECK(b.service.step() == 0); // there is STATUS.TXT to look at
    b.run(1000);
    CHECK(b.answerer.questions.empty()); // it may be being saved
    b.run(2000);
    CHECK(b.added("a.txt", saved) == answer_to("Why?"));
    b.run(60000);
    CHECK(b.answerer.questions.size() == 1);

    saved = b.store.content("a.txt") + "And then?\n";
    b.store.save("a.txt", saved);
    b.run(5000);
    CHECK(b.added("a.txt", saved) == answer_to("And then?"));
    REQUIRE(b.answerer.turns_before.size() == 1);
    CHECK(b.answerer.turns_before[0].question == "Why?");
    CHECK(b.answerer.turns_before[0].answer == "About: Why?");

    saved = b.store.content("a.txt") + "\nAnd in the end?";
    b.store.save("a.txt", saved);
    b.run(5000);
    CHECK(b.added("a.txt", saved) == answer_to("And in the end?", "\n\n"));
    CHECK(b.answerer.turns_before.size() == 2);
    CHECK(b.service.facts().n_answers == 3);
    CHECK(b.store.content("STATUS.TXT").find("Answers since the start: 3\r\n") != std::string::npos);
    CHECK(b.store.content("STATUS.TXT").find("Speed: 2.0 tokens a second\r\n") != std::string::npos);
}

TEST_CASE("service: an empty file is taken for its name after a longer quiet") {
    bench b;
    b.store.save("Why is_the sky blue.txt", "");
    b.run(9000);
    CHECK(b.answerer.questions.empty());
    b.run(3000);
    CHECK(b.store.content("Why is_the sky blue.txt") == answer_to("Why is_the sky blue", ""));
    b.run(60000);
    CHECK(b.answerer.questions.size() == 1);
}

TEST_CASE("service: what is no conversation is left alone") {
    bench b;
    const std::map<std::string, std::string> litter = {{"._a.txt", "x"},
                                                       {"~$a.txt", "x"},
                                                       {"a.doc", "x"},
                                                       {"a.tmp", "x"},
                                                       {".Trashes/a.txt", "x"},
                                                       {"binary.txt", std::string("a\0b", 3)},
                                                       {"blank.txt", " \n"},
                                                       {"empty", ""},
                                                       {"huge.txt", std::string(stick::max_file_bytes + 1, 'x')},
                                                       {"System Volume Information/x.txt", "x"}};
    for (const auto & [path, content] : litter) {
        b.store.save(path, content);
    }
    b.run(60000);
    CHECK(b.answerer.questions.empty());
    for (const auto & [path, content] : litter) {
        CHECK(b.store.content(path) == content);
    }
    CHECK(b.store.content("STATUS.TXT").find("left alone:\r\n  huge.txt\r\n") != std::string::npos);
}

TEST_CASE("service: many files, the oldest first, each once") {
    bench b;
    for (int i = 20; i > 0; --i) {
        b.store.save("folder/" + std::to_string(i) + ".txt", "Question " + std::to_string(i));
    }
    b.run(10000);
    REQUIRE(b.answerer.questions.size() == 20);
    for (int i = 0; i < 20; ++i) {
        CHECK(b.answerer.questions[static_cast<std::size_t>(i)] == "Question " + std::to_string(20 - i));
    }
    CHECK(b.store.n_appends == 20);
    CHECK(b.service.is_done());
}

TEST_CASE("service: answers that are ready are written together where writing costs") {
    bench b({.patience_ms = 60000, .writes_any_time = false});
    b.service.step(); // its own files
    CHECK(b.store.n_begun == 1);
    for (int i = 0; i < 20; ++i) {
        b.store.save(std::to_string(i) + ".txt", "Question");
    }
    b.run(30000);
    CHECK(b.store.n_appends == 20);
    CHECK(b.store.n_begun == 2);

    SUBCASE("but not for ever") {
        b.answerer.while_thinking = [&](std::size_t) {
            b.world.now += 10000;
        };
        for (int i = 0; i < 4; ++i) {
            b.store.save("x" + std::to_string(i) + ".txt", "Question");
        }
        b.run(200000);
        CHECK(b.store.n_appends == 24);
        CHECK(b.store.n_begun == 4); // after two of 40 s each, twice
    }
    SUBCASE("an error is told at once, and then not again") {
        b.store.save("x.txt", "no memory");
        b.run(30000);
        CHECK(b.store.n_begun == 3);
        CHECK(b.store.content("STATUS.TXT").find("Last error: x.txt: out of memory") != std::string::npos);
    }
    SUBCASE("while somebody else writes it is not the moment") {
        b.store.is_busy = true;
        b.store.save("x.txt", "Question");
        b.run(30000);
        CHECK(b.service.n_unwritten() == 1);
        CHECK(b.service.facts().last_error.empty());
        b.store.is_busy = false;
        b.run(1000);
        CHECK(b.service.n_unwritten() == 0);
    }
}

TEST_CASE("service: where writing costs, that all is well is no reason to write") {
    bench b({.writes_any_time = false});
    for (const char * own : {"README.TXT", "SETTINGS.TXT", "STATUS.TXT"}) {
        b.store.save(own, "");
    }
    b.run(60000);
    CHECK(b.store.n_begun == 0);
    b.answerer.note = "m.gguf cannot be used";
    b.run(60000);
    CHECK(b.store.n_begun == 1);
    b.answerer.has_model = false;
    b.run(60000);
    CHECK(b.store.n_begun == 2);
}

TEST_CASE("service: a file that the computer does not finish is told of, which puts it right") {
    bench b({.writes_any_time = false});
    b.run(1000);
    const int n_begun = b.store.n_begun;
    b.store.save("half.txt", "Question");
    b.store.files["half.txt"].is_complete = false;
    b.store.completes_when_written = true; // as a volume that is recovered
    b.run(115000);
    CHECK(b.store.n_begun == n_begun);
    CHECK(b.answerer.questions.empty());
    b.run(10000);
    CHECK(b.answerer.questions.size() == 1);
    CHECK(b.store.content("half.txt") == "Question" + answer_to("Question", "\n\n"));
    CHECK(b.store.n_begun == n_begun + 2);
    SUBCASE("once") {
        b.store.completes_when_written = false;
        b.store.save("half.txt", "Question");
        b.store.files["half.txt"].is_complete = false;
        b.run(600000);
        CHECK(b.store.n_begun == n_begun + 3);
        CHECK(b.store.content("STATUS.TXT")
                  .find("Left unfinished by the computer, so that their answers had to "
                        "wait:\r\n  half.txt\r\n") != std::string::npos);
    }
}

TEST_CASE("service: a file that is changed or deleted while it is answered") {
    bench b;
    b.store.save("a.txt", "Old question");
    const auto once = [&](auto change) {
        b.answerer.while_thinking = [&b, change](std::size_t step) {
            if (step == 2 && b.answerer.questions.size() == 1) {
                change();
            }
        };
        b.run(20000);
    };
    SUBCASE("changed") {
        once([&b] { b.store.save("a.txt", "New question"); });
        CHECK(b.answerer.questions == std::vector<std::string>{"Old question", "New question"});
        CHECK(b.answerer.n_cancelled == 1);
        CHECK(b.store.content("a.txt") == "New question" + answer_to("New question", "\n\n"));
    }
    SUBCASE("changed after the last look: the answer is dropped when it is to be written") {
        bench slow({.patience_ms = 5000, .writes_any_time = false});
        slow.store.save("a.txt", "Old question");
        slow.store.save("b.txt", "Question");
        slow.answerer.while_thinking = [&](std::size_t step) {
            if (step == 1 && slow.answerer.questions.size() == 2) {
                slow.store.save("a.txt", "New question");
            }
        };
        slow.run(20000);
        CHECK(slow.store.content("a.txt") == "New question" + answer_to("New question", "\n\n"));
        CHECK(slow.store.content("b.txt") == "Question" + answer_to("Question", "\n\n"));
    }
    SUBCASE("deleted") {
        once([&b] { b.store.files.erase("a.txt"); });
        CHECK(b.answerer.questions.size() == 1);
        CHECK(b.store.files.count("a.txt") == 0);
        CHECK(b.answerer.n_cancelled == 1);
        CHECK(b.service.is_done());
    }
    SUBCASE("saved again with the same content") {
        once([&b] { b.store.save("a.txt", "Old question"); });
        CHECK(b.answerer.n_cancelled == 0);
        CHECK(b.answerer.questions.size() == 1);
        CHECK(b.store.content("a.txt") == "Old question" + answer_to("Old question", "\n\n"));
    }
    SUBCASE("another file is saved") {
        once([&b] { b.store.save("b.txt", "Question"); });
        CHECK(b.answerer.questions == std::vector<std::string>{"Old question", "Question"});
        CHECK(b.answerer.n_cancelled == 0);
    }
    SUBCASE("deleted while the service thinks of another") {
        b.store.save("b.txt", "Question");
        once([&b] { b.store.files.erase("b.txt"); });
        CHECK(b.answerer.questions.size() == 1);
    }
}

TEST_CASE("service: what cannot be answered is said in the file, or in STATUS.TXT") {
    bench b;
    b.store.save("long.txt", "too long\n");
    b.store.save("silent.txt", "silence\n");
    b.store.save("memory.txt", "no memory\n");
    b.run(20000);
    CHECK(b.added("long.txt", "too long\n") ==
          "\n--- llmzero: no answer, 1 line ---\nThe question is too long.\n" + end_of_answer);
    CHECK(b.added("silent.txt", "silence\n").find("nothing to say") != std::string::npos);
    CHECK(b.added("memory.txt", "no memory\n").empty());
    CHECK(b.store.content("STATUS.TXT").find("Last error: memory.txt: out of memory") != std::string::npos);
    CHECK(b.answerer.questions.size() == 3);
    CHECK(b.service.facts().n_answers == 0);
    b.store.save("SETTINGS.TXT", "max tokens = 3");
    b.run(20000);
    CHECK(b.answerer.questions.size() == 4); // the memory may do with these
}

TEST_CASE("service: settings hold for the next answer, and mistakes are explained") {
    bench b;
    b.store.save("SETTINGS.TXT", "seed = 5\n");
    b.run(5000);
    CHECK(b.answerer.prepared.seed == 5u);
    b.store.save("SETTINGS.TXT", "seed = x\nmodel = other\n");
    b.store.save("a.txt", "Question");
    b.run(10000);
    CHECK(b.store.content("SETTINGS.TXT").starts_with("seed = x\n#! 'x' is neither random nor"));
    CHECK(b.store.content("SETTINGS.TXT").ends_with("random is used\nmodel = other\n"));
    CHECK(b.store.content("STATUS.TXT").find("In SETTINGS.TXT: 'x' is neither") != std::string::npos);
    CHECK(b.answerer.used.model == "other.gguf");
    CHECK_FALSE(b.answerer.used.seed);
    b.store.save("SETTINGS.TXT", "seed = 7\n#! old\n");
    b.run(10000);
    CHECK(b.store.content("SETTINGS.TXT") == "seed = 7\n");
    CHECK(b.store.content("STATUS.TXT").find("SETTINGS.TXT:") == std::string::npos);
    b.store.files.erase("SETTINGS.TXT");
    b.run(10000);
    CHECK_FALSE(b.answerer.prepared.seed);
}

TEST_CASE("service: without a model questions wait") {
    bench b;
    b.answerer.has_model = false;
    b.answerer.note = "m.gguf cannot be used: it is missing";
    b.store.save("a.txt", "Question");
    b.run(20000);
    CHECK(b.answerer.questions.empty());
    CHECK(b.store.content("STATUS.TXT")
              .starts_with("llmzero is waiting for a model\r\n\r\nModel: none\r\n  m.gguf cannot"));
    CHECK(b.store.content("STATUS.TXT").find("Waiting: 1\r\nNext:\r\n  a.txt\r\n") != std::string::npos);
    CHECK(b.service.is_done());
    b.answerer.has_model = true;
    b.run(20000);
    CHECK(b.answerer.questions.size() == 1);
}

TEST_CASE("service: asked to end in the middle of an answer, it leaves the question") {
    bench b;
    b.store.save("a.txt", "Question");
    b.run(1000);
    b.answerer.while_thinking = [&](std::size_t step) {
        b.world.ends = step == 2;
    };
    b.run(2000);
    b.service.finish();
    CHECK(b.store.content("a.txt") == "Question");
    CHECK(b.store.content("STATUS.TXT").starts_with("llmzero is not running\r\n"));
    b.world.ends = false;
    b.answerer.while_thinking = nullptr;
    b.run(10000);
    CHECK(b.store.content("a.txt") == "Question" + answer_to("Question", "\n\n"));
    CHECK(b.store.content("STATUS.TXT").starts_with("llmzero is ready\r\n"));
}

TEST_CASE("service: a full volume keeps answers until there is room") {
    bench b;
    b.run(1000);
    b.store.is_full = true;
    b.store.save("a.txt", "Question");
    b.run(20000);
    CHECK(b.store.content("a.txt") == "Question");
    CHECK(b.service.n_unwritten() == 1);
    CHECK(b.service.facts().last_error == "the volume is full");
    b.store.is_full = false;
    b.run(120000);
    CHECK(b.store.content("a.txt") == "Question" + answer_to("Question", "\n\n"));
    CHECK(b.answerer.questions.size() == 1);
    CHECK(b.service.facts().last_error.empty());
    CHECK(b.store.content("STATUS.TXT").find("Last error: none") != std::string::npos);
}

TEST_CASE("service: told that all is written, it does not wait") {
    bench b;
    b.store.save("a.txt", "Question");
    b.store.save("Another question.txt", "");
    b.service.settle_now();
    b.service.step();
    b.service.step();
    CHECK(b.answerer.questions.size() == 2);
}

TEST_CASE("service: progress is reported while an answer is made") {
    bench b;
    std::vector<std::string> told;
    b.store.save("a.txt", "Question");
    b.answerer.while_thinking = [&](std::size_t) {
        b.world.now += 6000;
        const std::string status = b.store.content("STATUS.TXT");
        told.push_back(status.substr(0, status.find('\r')));
    };
    b.run(30000);
    CHECK(told == std::vector<std::string>{"llmzero is reading a.txt", "llmzero is reading a.txt, 1/2 tokens",
                                           "llmzero is reading a.txt, 2/2 tokens",
                                           "llmzero is answering a.txt, 1 token"});
}
