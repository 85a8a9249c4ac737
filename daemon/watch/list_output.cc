#include "daemon/watch/list_output.h"

#include <utility>

namespace conclave::daemon {

void ListBody::put_into(api::Response& response) const {
  if (spooled) {
    response.body = std::make_unique<SpooledBody>(spooled);
  } else {
    response.body = text;
  }
}

void ListOutput::spill() {
  if (error_) return text_.clear();
  if (!file_) {
    auto file = spool_->create();
    if (file) {
      file_ = std::move(*file);
    } else {
      error_ = std::move(file).error();
    }
  }
  if (file_) {
    if (auto written = file_->append(text_); !written) error_ = std::move(written).error();
  }
  text_.clear();
}

Result<ListBody> ListOutput::finish() {
  if (file_ && !text_.empty()) spill();
  if (error_) return std::unexpected(std::move(*error_));
  ListBody body;
  if (file_) {
    body.spooled = std::move(file_);
  } else {
    body.text = std::make_shared<const std::string>(std::move(text_));
  }
  return body;
}

}  // namespace conclave::daemon
