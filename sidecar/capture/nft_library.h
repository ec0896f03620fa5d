#pragma once
// libnftables behind one file: netlink from this very process, no helper and no other binary.

#include <memory>
#include <string>

#include "proto-parsers/base/result.h"

struct nft_ctx;

namespace chaperone::capture {

class NftLibrary {
 public:
  enum class Shows { kRules, kCounters };
  // Without nfnetlink in the kernel, where libnftables would end the process, every command fails.
  explicit NftLibrary(Shows shows = Shows::kRules);
  ~NftLibrary();
  NftLibrary(const NftLibrary&) = delete;
  NftLibrary& operator=(const NftLibrary&) = delete;

  // Runs `commands` as one transaction: all of them or nothing. The answer is what nft prints,
  // without handles, and without counts unless kCounters; the error is the kernel's or the grammar's, with the line.
  Result<std::string> run(const std::string& commands);

  // The kernel judges the transaction and takes it back; nothing changes.
  Result<void> try_out(const std::string& commands);

 private:
  nft_ctx* context_ = nullptr;
};

}  // namespace chaperone::capture
