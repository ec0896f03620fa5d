#pragma once
// A folder that goes with the test.

#include <cstdlib>
#include <filesystem>
#include <string>

struct TestFolder {
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "chaperone-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::string path;
};
