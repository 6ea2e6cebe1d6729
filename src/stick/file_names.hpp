// What the name of a file says: whether it is litter of a host, whether it may be a conversation, and, where the file
// is empty, which prompt it is.
//
// Names are UTF-8 or any bytes. Capital and small ASCII letters are the same, as on FAT.
#pragma once

#include "cli/option.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

namespace stick {

// The service's own files, in the root.
inline constexpr const char * readme_name = "README.TXT";
inline constexpr const char * settings_name = "SETTINGS.TXT";
inline constexpr const char * status_name = "STATUS.TXT";

[[nodiscard]] inline bool is_own_file(std::string_view path) {
    return cli::same_name(path, readme_name) || cli::same_name(path, settings_name) ||
           cli::same_name(path, status_name);
}

// The last part of a path.
[[nodiscard]] inline std::string_view name_of_path(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == path.npos ? path : path.substr(slash + 1);
}

namespace detail {

// An extension is what stands behind the last dot, if it is short and has no blank: "What is 3.5 plus 2" has none.
[[nodiscard]] inline std::size_t extension_begin(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    const bool is_one = dot != name.npos && dot > 0 && name.size() - dot <= 6 && name.find(' ', dot) == name.npos;
    return is_one ? dot : name.size();
}

[[nodiscard]] inline std::string_view stem_of(std::string_view name) {
    return name.substr(0, extension_begin(name));
}
[[nodiscard]] inline std::string_view extension_of(std::string_view name) {
    return name.substr(extension_begin(name));
}

[[nodiscard]] inline bool is_text_extension(std::string_view extension) {
    return cli::same_name(extension, ".txt") || cli::same_name(extension, ".md");
}

[[nodiscard]] inline bool starts_with(std::string_view name, std::string_view beginning) {
    return cli::same_name(name.substr(0, beginning.size()), beginning);
}

// What file managers call a file that they make before its name is typed. "New Text Document (2)" too.
[[nodiscard]] inline bool is_default_name(std::string_view stem) {
    constexpr std::string_view names[] = {
        "new text document",
        "new file",
        "new document",
        "empty document",
        "empty file",
        "text file",
        "untitled",
        "untitled document",
        "unnamed",
        "neues textdokument",
        "neue datei",
        "leere datei",
        "leeres dokument",
        "unbenannt",
        "nouveau document texte",
        "nouveau fichier",
        "sans titre",
        "nuevo documento de texto",
        "nuevo archivo",
        "sin t\xc3\xadtulo",
        "nuovo documento di testo",
        "nuovo documento",
        "senza titolo",
        "novo documento de texto",
        "nieuw tekstdocument",
        "nowy dokument tekstowy",
    };
    return std::any_of(std::begin(names), std::end(names), [stem](std::string_view known) {
        if (!starts_with(stem, known)) {
            return false;
        }
        return stem.find_first_not_of(" ()0123456789", known.size()) == stem.npos;
    });
}

} // namespace detail

// Hidden files and folders, what operating systems and office programs leave on drives, and files that are being made
// under another name.
[[nodiscard]] inline bool is_litter_name(std::string_view name) {
    constexpr std::string_view names[] = {"System Volume Information",
                                          "$RECYCLE.BIN",
                                          "RECYCLER",
                                          "Thumbs.db",
                                          "ehthumbs.db",
                                          "desktop.ini",
                                          "autorun.inf",
                                          "lost+found",
                                          "FOUND.000",
                                          "FSCK0000.REC",
                                          "WPSettings.dat",
                                          "IndexerVolumeGuid"};
    constexpr std::string_view endings[] = {".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp", ".bak", "~"};
    if (name.empty() || name[0] == '.' || name.starts_with("~$")) {
        return true;
    }
    const auto ends = [name](std::string_view ending) {
        return name.size() >= ending.size() && cli::same_name(name.substr(name.size() - ending.size()), ending);
    };
    return std::any_of(std::begin(names), std::end(names),
                       [name](std::string_view known) { return cli::same_name(name, known); }) ||
           std::any_of(std::begin(endings), std::end(endings), ends);
}

// Whether any part of the path is litter.
[[nodiscard]] inline bool is_litter(std::string_view path) {
    for (;;) {
        const std::size_t slash = path.find('/');
        if (is_litter_name(path.substr(0, slash))) {
            return true;
        }
        if (slash == path.npos) {
            return false;
        }
        path.remove_prefix(slash + 1);
    }
}

// Whether a file of this path that has content may be a conversation: NAME.txt or NAME.md that is nobody else's.
[[nodiscard]] inline bool may_be_conversation(std::string_view path) {
    return !is_litter(path) && !is_own_file(path) &&
           detail::is_text_extension(detail::extension_of(name_of_path(path)));
}

// The prompt that an empty file of this path is; empty where it is none. The extension is left out, and underscores
// stand for blanks where the name has none. A name without .txt or .md has to have two words, since programs make empty
// files, too; those that file managers give before one is typed are no prompts.
[[nodiscard]] inline std::string prompt_of_name(std::string_view path) {
    const std::string_view name = name_of_path(path);
    if (is_litter(path) || is_own_file(path)) {
        return {};
    }
    const std::string_view extension = detail::extension_of(name);
    std::string prompt(detail::stem_of(name));
    if (prompt.find(' ') == prompt.npos) {
        std::replace(prompt.begin(), prompt.end(), '_', ' ');
    }
    const std::size_t first = prompt.find_first_not_of(' ');
    if (first == prompt.npos) {
        return {};
    }
    prompt = prompt.substr(first, prompt.find_last_not_of(' ') + 1 - first);
    const bool is_named_for_us =
        detail::is_text_extension(extension) || (extension.empty() && prompt.find(' ') != prompt.npos);
    return is_named_for_us && !detail::is_default_name(prompt) ? prompt : std::string();
}

} // namespace stick
