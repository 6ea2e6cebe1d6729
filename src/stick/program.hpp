// What llmzero-stick does with its options: serves a folder or a FAT image until a signal comes, or, with --once, until
// everything in it is answered.
#pragma once

#include "cli/signals.hpp"
#include "fat/file_device.hpp"
#include "stick/fat_store.hpp"
#include "stick/folder_store.hpp"
#include "stick/folder_watch.hpp"
#include "stick/service.hpp"
#include "stick/stick_settings.hpp"
#include "stick/thinker.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace stick {

inline void complain(std::string_view message) {
    std::fprintf(stderr, "llmzero-stick: %s\n", cli::harmless(message).c_str());
}

// Clock, signals and news of a program that serves a folder.
class watched_folder final : public surroundings {
public:
    watched_folder(folder_watch & watch, bool is_talkative) : watch_(watch), is_talkative_(is_talkative) {}

    std::int64_t now_ms() override {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::steady_clock::now().time_since_epoch())
            .count();
    }
    bool should_end() override { return cli::caught_signal() != 0; }
    // Asked once a layer: without inotify a look at the folder would take longer than the layer.
    bool has_news() override {
        const std::int64_t now = now_ms();
        if (watch_.uses_inotify()) {
            return watch_.has_news();
        }
        const bool is_time = now - looked_ms_ >= folder_watch::wait_without_inotify_ms;
        looked_ms_ = is_time ? now : looked_ms_;
        return is_time;
    }
    void show(const status_facts & facts) override {
        if (!is_talkative_) {
            return;
        }
        const std::string & path = facts.work.path;
        if (!path.empty() && path != shown_path_) {
            complain("answering " + path);
        }
        shown_path_ = path;
        tell_error(facts);
    }
    // Once each.
    void tell_error(const status_facts & facts) {
        if (!facts.last_error.empty() && facts.last_error != shown_error_) {
            complain(facts.last_error);
        }
        shown_error_ = facts.last_error;
    }

private:
    folder_watch & watch_;
    bool is_talkative_;
    std::int64_t looked_ms_ = 0;
    std::string shown_path_;
    std::string shown_error_;
};

class program {
public:
    program(const stick_settings & chosen, std::span<const std::byte> built_in)
        : settings_(chosen), built_in_(built_in), is_talkative_(chosen.verbose || ::isatty(STDERR_FILENO) == 1) {}

    [[nodiscard]] cli::exit_code run() { return settings_.image.empty() ? serve_folder() : serve_image(); }

private:
    cli::exit_code serve_folder() {
        const descriptor lock(::open(settings_.dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        auto store = folder_store::open(settings_.dir);
        if (!store) {
            return refuse(store.error().message());
        }
        folder_watch watch(settings_.dir);
        return is_ours(lock) ? serve(*store, watch) : refuse(settings_.dir + " is served by another llmzero-stick");
    }

    cli::exit_code serve_image() {
        const descriptor lock(::open(settings_.image.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        auto disk = fat::file_device::open(settings_.image);
        if (!disk) {
            return refuse(disk.error().message());
        }
        fat_store store(*disk);
        if (!is_ours(lock)) {
            return refuse(settings_.image + " is served by another llmzero-stick");
        }
        if (const auto recovered = store.recover(); !recovered) {
            return refuse(recovered.error().in(settings_.image.c_str()).message());
        }
        folder_watch watch("", false); // of what is inside nothing is told
        return serve(store, watch);
    }

    // Two services would answer everything twice.
    static bool is_ours(const descriptor & lock) {
        return lock.is_open() && (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK);
    }

    static cli::exit_code refuse(std::string_view why) {
        complain(why);
        return cli::exit_code::run_error;
    }

    cli::exit_code serve(file_store & store, folder_watch & watch) {
        watched_folder outside(watch, is_talkative_);
        thinker_options options;
        options.built_in = built_in_;
        options.model = settings_.model;
        options.models_folder = settings_.models;
        options.memory = settings_.memory;
        options.kv = settings_.kv;
        options.threads = settings_.threads;
        options.go_on = [] {
            return cli::caught_signal() == 0;
        };
        thinker brain(std::move(options));
        service_options how;
        if (settings_.once) {
            how.times = {.full_ms = 0, .empty_ms = 0};
        }
        service served(store, brain, outside, how);
        bool is_first = true;
        while (!outside.should_end()) {
            const auto idle = served.step();
            if (std::exchange(is_first, false)) {
                tell_model(served.facts());
            }
            if (settings_.once && (served.is_done() || (served.n_unwritten() > 0 && idle.value_or(1) > 0))) {
                break;
            }
            outside.tell_error(served.facts());
            if (!outside.has_news()) {
                watch.wait(idle.value_or(std::numeric_limits<std::int32_t>::max()));
                static_cast<void>(outside.has_news());
            }
        }
        served.finish();
        outside.tell_error(served.facts());
        return code_of(served);
    }

    void tell_model(const status_facts & facts) const {
        if (!facts.model_note.empty()) {
            complain(facts.model_note);
        }
        if (is_talkative_ && !facts.model.empty()) {
            complain("serving " + settings_.dir + settings_.image + " with " + facts.model);
        }
    }

    [[nodiscard]] cli::exit_code code_of(const service & served) const {
        switch (cli::caught_signal()) {
        case 0: break;
        case SIGTERM: return cli::exit_code::terminated;
        default: return cli::exit_code::interrupted;
        }
        if (served.facts().model.empty()) {
            return cli::exit_code::model_refused;
        }
        return served.n_unwritten() > 0 || !served.facts().last_error.empty() ? cli::exit_code::run_error
                                                                              : cli::exit_code::ok;
    }

    const stick_settings & settings_;
    std::span<const std::byte> built_in_;
    bool is_talkative_;
};

} // namespace stick
