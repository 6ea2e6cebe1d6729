#include "stick/file_names.hpp"

#include <doctest/doctest.h>

using stick::is_litter;
using stick::may_be_conversation;
using stick::prompt_of_name;

TEST_CASE("file names: litter of hosts") {
    for (const char * path :
         {".hidden.txt", "._a.txt", "~$a.txt", "a.tmp", "A.TMP", "System Volume Information/a.txt",
          "SYSTEM VOLUME INFORMATION/IndexerVolumeGuid", "$RECYCLE.BIN/x/a.txt", ".Trashes/501/a.txt",
          ".fseventsd/no_log", "Thumbs.db", "desktop.ini", "a/.git/b.txt", "a.txt~", "a.txt.part", "a.txt.bak", ""}) {
        CAPTURE(path);
        CHECK(is_litter(path));
        CHECK_FALSE(may_be_conversation(path));
        CHECK(prompt_of_name(path).empty());
    }
    for (const char * path : {"a.txt", "tmp.txt", "a b/c.md", "tmp/a.txt", "~a.txt", "a.temple.txt"}) {
        CAPTURE(path);
        CHECK_FALSE(is_litter(path));
        CHECK(may_be_conversation(path));
    }
}

TEST_CASE("file names: what may be a conversation") {
    for (const char * path : {"a.TXT", "x/y/z.Md", "\xd7\xa9\xd7\x9c.txt", "\xf0\x9f\x98\x80.txt", "status.txt.txt",
                              "x/README.TXT", "README.md"}) {
        CAPTURE(path);
        CHECK(may_be_conversation(path));
    }
    for (const char * path : {"a.doc", "a", "txt", "a.txt.exe", "README.TXT", "readme.txt", "Settings.txt",
                              "STATUS.TXT", "a.text", ".txt"}) {
        CAPTURE(path);
        CHECK_FALSE(may_be_conversation(path));
    }
}

TEST_CASE("file names: an empty file's name is its prompt") {
    CHECK(prompt_of_name("Why is the sky blue.txt") == "Why is the sky blue");
    CHECK(prompt_of_name("stories/Once_upon_a_time.txt") == "Once upon a time");
    CHECK(prompt_of_name("snake_case stays.md") == "snake_case stays");
    CHECK(prompt_of_name("Once upon a time") == "Once upon a time");
    CHECK(prompt_of_name("Hello.txt") == "Hello");
    CHECK(prompt_of_name("What is 3.5 plus 2") == "What is 3.5 plus 2");
    CHECK(prompt_of_name("What is 3.5.txt") == "What is 3.5");
    CHECK(prompt_of_name("Wer war \xc3\x89mile \xf0\x9f\x98\x80.txt") == "Wer war \xc3\x89mile \xf0\x9f\x98\x80");
    CHECK(prompt_of_name("  blanks  .txt") == "blanks");
    for (const char * path :
         {"lock", "__init__.py", "Once upon a time.doc", "New Text Document.txt", "New Text Document (2).txt",
          "new file", "Unbenannt 3.txt", "README.TXT", "   .txt", "___.txt", "Nouveau document texte.txt"}) {
        CAPTURE(path);
        CHECK(prompt_of_name(path).empty());
    }
    CHECK(prompt_of_name("New file formats.txt") == "New file formats");
}
