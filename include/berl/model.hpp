#pragma once
#include <berl/losses/arc_face.hpp>          // ArcFace
#include <berl/losses/curricular_face.hpp>   // CurricularFace
#include <berl/networks/attribute_head.hpp>  // AttributeHead
#include <berl/networks/bypass.hpp>          // Bypass
#include <berl/networks/iresnet.hpp>         // IResNet100
#include <berl/train/trainer.hpp>            // Trainer

namespace berl {
/// A face network in two parts: Trunk, from Input to the tap f_s3, which 3D reconstruction also explains; and Top, from there to
/// the embedding, which is one vector for each picture. The tap has 14 x 14 pixels where networks::Bypass explains it.
template <class B>
concept Backbone = requires {
  typename B::Input;
  typename B::Trunk;
  typename B::Top;
};

namespace check {
template <class B>
struct IsBackbone {
  static_assert(Backbone<B>,
                "berl::Model<Backbone, Head>: the first argument is no backbone. It needs three types: Input, a Shape<3, H, W>; Trunk, the "
                "layers up to "
                "the tap; and Top, the layers from there to the embedding.");
  using type = B;
};
template <class H>
struct IsMarginHead {
  static_assert(
      losses::MarginHead<H> || losses::is_any_head<H>,
      "berl::Model<Backbone, Head>: the second argument is no margin head. It needs target(g), and logit(c, bound, t) with slope(c, bound, "
      "t) or a member `scale`; see berl/losses/head.hpp. Or use losses::AnyHead<EmbeddingOf<Backbone>>.");
  using type = H;
};
template <class E>
struct IsEmbedding {
  static_assert(E::rank == 1, "berl::Model: the backbone's Top must end in one vector for each picture, Shape<D>.");
  using type = E;
};
template <class A>
struct IsBypass {
  static_assert(
      requires {
        typename A::View;
        typename A::Light;
        typename A::Depth;
        typename A::Albedo;
        A::side;
      },
      "berl::Model<Backbone, Head, Bypass>: the third argument is no bypass. It needs the networks View, Light, Depth and Albedo, and the "
      "side of their maps.");
  using type = A;
};
template <class A, class Tap>
struct ExplainsTap {
  static_assert(
      std::is_same_v<nn::OutputOf<typename A::Depth, Tap>, Shape<1, A::side, A::side>> &&
          std::is_same_v<nn::OutputOf<typename A::Albedo, Tap>, Shape<3, A::side, A::side>>,
      "berl::Model<Backbone, Head, Bypass>: from the tap, what the backbone's Trunk gives, the bypass' Depth must make a map of "
      "1 x side x side and its Albedo one of 3 x side x side. Those of networks::Bypass take a tap of 14 x 14: change Trunk, or give "
      "a bypass with networks of your own.");
  using type = Tap;
};
}  // namespace check

/// The embedding of a backbone.
template <Backbone B>
using EmbeddingOf = nn::OutputOf<typename B::Top, nn::OutputOf<typename B::Trunk, typename B::Input>>;

/// The training graph of 3D-BERL (he2022, Fig. 2): a backbone, a margin head on its embedding, and four auxiliary networks that
/// explain the picture from stage 3 of the backbone. At inference only the backbone runs.
template <class B, class H = losses::CurricularFace,
          class A = networks::Bypass<channels<nn::OutputOf<typename check::IsBackbone<B>::type::Trunk, typename B::Input>>>>
struct Model {
  using Input = typename B::Input;
  using Trunk = typename B::Trunk;
  using Top = typename B::Top;
  using Head = typename check::IsMarginHead<H>::type;
  using Auxiliary = typename check::IsBypass<A>::type;
  using Tap = typename check::ExplainsTap<Auxiliary, nn::OutputOf<Trunk, Input>>::type;
  using Embedding = typename check::IsEmbedding<nn::OutputOf<Top, Tap>>::type;

  /// All memory of a training step in bytes, before it runs: states, activations and scratch, in float unless said otherwise. What the
  /// head keeps is known from Head, but of AnyHead from sizes.head.
  template <class T = float>
  static constexpr std::size_t step_bytes(train::Sizes sizes) {
    if constexpr (losses::MarginHead<Head>) sizes.head = losses::layout_of(Head{});
    return train::step_bytes<Model, T>(sizes);
  }
  /// Parameters and multiply-adds of one picture.
  static constexpr std::int64_t backbone_parameters = nn::SizesOf<Trunk>::parameters + nn::SizesOf<Top>::parameters;
  static constexpr std::int64_t auxiliary_parameters =
      nn::SizesOf<typename A::View>::parameters + nn::SizesOf<typename A::Light>::parameters + nn::SizesOf<typename A::Depth>::parameters +
      nn::SizesOf<typename A::Albedo>::parameters;
  static constexpr std::int64_t confidence_parameters =
      nn::SizesOf<train::ConfidenceOf<A>>::parameters;  ///< beside those, with that option
  static constexpr std::int64_t trunk_macs = nn::macs<Trunk, Input>();
  static constexpr std::int64_t backbone_macs = trunk_macs + nn::macs<Top, Tap>();
  static constexpr std::int64_t auxiliary_macs = nn::macs<typename A::View, Shape<3, A::side, A::side>>() +
                                                 nn::macs<typename A::Light, Shape<3, A::side, A::side>>() +
                                                 nn::macs<typename A::Depth, Tap>() + nn::macs<typename A::Albedo, Tap>();
  static constexpr std::int64_t confidence_macs = nn::macs<train::ConfidenceOf<A>, Shape<3, A::side, A::side>>();
};
}  // namespace berl
