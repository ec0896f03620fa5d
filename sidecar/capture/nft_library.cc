#include "sidecar/capture/nft_library.h"

// The header defines it again, unguarded.
#undef _GNU_SOURCE
#include <nftables/libnftables.h>

#include <linux/netlink.h>
#include <sys/socket.h>

#include "proto-parsers/base/check.h"
#include "sidecar/capture/socket_handle.h"

namespace chaperone::capture {

NftLibrary::NftLibrary(Shows shows) {
  if (!SocketHandle(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER))) return;
  context_ = nft_ctx_new(NFT_CTX_DEFAULT);
  CHECK(context_ != nullptr);
  CHECK(nft_ctx_buffer_output(context_) == 0);
  CHECK(nft_ctx_buffer_error(context_) == 0);
  if (shows == Shows::kRules) nft_ctx_output_set_flags(context_, NFT_CTX_OUTPUT_STATELESS);
}

NftLibrary::~NftLibrary() {
  if (context_) nft_ctx_free(context_);
}

Result<std::string> NftLibrary::run(const std::string& commands) {
  if (!context_) return Error{"this kernel has no nfnetlink (NETFILTER_NETLINK)"};
  int failed = nft_run_cmd_from_buffer(context_, commands.c_str());
  // Reading a buffer also empties it for the next command.
  std::string out = nft_ctx_get_output_buffer(context_);
  std::string err = nft_ctx_get_error_buffer(context_);
  if (failed) return Error{err.empty() ? "nf_tables refused without a reason" : err};
  return out;
}

Result<void> NftLibrary::try_out(const std::string& commands) {
  if (context_) nft_ctx_set_dry_run(context_, true);
  Result<std::string> outcome = run(commands);
  if (context_) nft_ctx_set_dry_run(context_, false);
  if (!outcome) return outcome.error();
  return {};
}

}  // namespace chaperone::capture
