// Runs a fuzz target over files and folders given as arguments: the corpus can be checked with any compiler,
// without libFuzzer. Says how many files there were; a file that breaks something ends the program.

// 64-bit inode numbers on 32-bit systems; before any header. Under emulation they do not fit into 32.
#define _FILE_OFFSET_BITS 64

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <dirent.h>
#include <string>
#include <sys/stat.h>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size);

namespace {

bool replay_file(const std::string & path) {
    std::FILE * file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) {
        std::perror(path.c_str());
        return false;
    }
    std::vector<std::uint8_t> content;
    std::uint8_t block[4096];
    for (std::size_t n = 0; (n = std::fread(block, 1, sizeof block, file)) != 0;) {
        content.insert(content.end(), block, block + n);
    }
    std::fclose(file);
    content.shrink_to_fit(); // reading beyond the content is seen by AddressSanitizer
    LLVMFuzzerTestOneInput(content.data(), content.size());
    return true;
}

// The number of files replayed, or -1.
long replay(const std::string & path) {
    struct stat attributes = {};
    if (stat(path.c_str(), &attributes) != 0) {
        std::perror(path.c_str());
        return -1;
    }
    if (!S_ISDIR(attributes.st_mode)) {
        return replay_file(path) ? 1 : -1;
    }
    DIR * folder = opendir(path.c_str());
    if (folder == nullptr) {
        std::perror(path.c_str());
        return -1;
    }
    long count = 0;
    while (const dirent * entry = readdir(folder)) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") {
            continue;
        }
        const long more = replay(path + "/" + name);
        if (more < 0) {
            count = -1;
            break;
        }
        count += more;
    }
    closedir(folder);
    return count;
}

} // namespace

int main(int argc, char ** argv) {
    long count = 0;
    for (int i = 1; i < argc; ++i) {
        const long more = replay(argv[i]);
        if (more < 0) {
            return 2;
        }
        count += more;
    }
    std::printf("%ld inputs\n", count);
    return count == 0 ? 1 : 0; // a corpus that is not there would pass unseen
}
