#pragma once

/// Where a query writes the body of its answer. On a loop that serves, it is a text that is full
/// when it passes a limit, and the query is evaluated again by LargeReads; there what passes the
/// limit goes on into a spool file, so that no body takes more memory than that (design section 4,
/// Large bodies).
///
/// Used by one thread at a time.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "api/http/message.h"
#include "base/core/result.h"
#include "daemon/watch/spool.h"

namespace conclave::daemon {

/// A finished body: in memory, or in a file.
struct ListBody {
  api::SharedBody text;
  std::shared_ptr<const SpoolFile> spooled;  ///< Set: the body, instead of `text`.

  /// As the body of a response; each call begins at its first byte.
  void put_into(api::Response& response) const;
};

class ListOutput {
 public:
  /// Larger bodies are spooled.
  static constexpr std::size_t text_bytes_max = 1 << 20;
  /// So much is written to the file at once.
  static constexpr std::size_t piece_bytes = 256 << 10;

  /// `spool` = nullptr: there is no file to go on in.
  explicit ListOutput(Spool* spool = nullptr) : spool_(spool) {}

  /// To append to. What stands in it may be moved to the file by settle().
  std::string& text() { return text_; }
  /// Between two elements of a list.
  void settle() {
    if (spool_ != nullptr && text_.size() >= (file_ ? piece_bytes : text_bytes_max)) spill();
  }
  /// Nothing more is of use: over the limit without a file, or the file could not be written.
  bool is_full() const {
    return error_.has_value() || (spool_ == nullptr && text_.size() > text_bytes_max);
  }
  /// The whole, once; or why it could not be kept.
  Result<ListBody> finish();

 private:
  void spill();

  Spool* spool_;
  std::string text_;
  std::shared_ptr<SpoolFile> file_;
  std::optional<Error> error_;
};

}  // namespace conclave::daemon
