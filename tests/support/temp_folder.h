// A folder of a test's own, gone with it, so that the same test may run twice at once.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace firstline::test {

class TempFolder {
 public:
  // Throws std::runtime_error if none can be made.
  TempFolder() : path_(Make()) {}
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ / name; }

 private:
  static std::filesystem::path Make() {
    std::string path = std::filesystem::temp_directory_path() / "firstline_test_XXXXXX";
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("no folder " + path);
    return path;
  }

  const std::filesystem::path path_;
};

}  // namespace firstline::test
