// llmzero: small language models on very small computers. This header includes the whole library.
//
//     base        errors as values, checked arithmetic        storage     files, GGUF
//     numerics    blocks, packed matrices, norm, rope         kernels     products for each instruction set
//     tokenizer   text to tokens and back                     model       architectures, KV cache, loading
//     generation  samplers, sessions, conversations
#pragma once

#include <llmzero/generation/conversation.hpp>
#include <llmzero/generation/perplexity.hpp>
#include <llmzero/generation/prompt_cache.hpp>
#include <llmzero/generation/session.hpp>
#include <llmzero/model/model.hpp>
#include <llmzero/model/model_quantiser.hpp>
#include <llmzero/storage/gguf_writer.hpp>
#include <llmzero/version.hpp>
