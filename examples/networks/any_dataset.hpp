#pragma once
#include <berl/data/dataset.hpp>  // Dataset

#include <memory>
#include <optional>
#include <string>
#include <utility>  // move

/// A dataset that is chosen at run time, so that each network is compiled for one type of dataset.
class AnyDataset {
 public:
  template <berl::data::Dataset D>
  explicit AnyDataset(D dataset) : kept_(std::make_shared<Kept<D>>(std::move(dataset))) {}

  int size() const { return kept_->size(); }
  int identities() const { return kept_->identities(); }
  int label(int i) const { return kept_->label(i); }
  std::string name(int i) const { return kept_->name(i); }
  berl::io::Image load(int i) const { return kept_->load(i); }
  std::optional<std::string> warning() const { return kept_->warning(); }

 private:
  struct Any {
    virtual ~Any() = default;
    virtual int size() const = 0;
    virtual int identities() const = 0;
    virtual int label(int i) const = 0;
    virtual std::string name(int i) const = 0;
    virtual berl::io::Image load(int i) const = 0;
    virtual std::optional<std::string> warning() const = 0;
  };
  template <class D>
  struct Kept final : Any {
    explicit Kept(D&& dataset) : d(std::move(dataset)) {}
    int size() const override { return d.size(); }
    int identities() const override { return d.identities(); }
    int label(int i) const override { return d.label(i); }
    std::string name(int i) const override { return d.name(i); }
    berl::io::Image load(int i) const override { return d.load(i); }
    std::optional<std::string> warning() const override {
      if constexpr (requires { d.warning(); })
        return d.warning();
      else
        return std::nullopt;
    }
    D d;
  };
  std::shared_ptr<Any const> kept_;
};
static_assert(berl::data::Dataset<AnyDataset>);
