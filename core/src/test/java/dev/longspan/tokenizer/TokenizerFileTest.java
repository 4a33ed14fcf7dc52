package dev.longspan.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.spi.ModelLoadException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a file may say, what is refused by name, and what a tokenizer is good for. */
class TokenizerFileTest {
    private static final String VOCABULARY = "'vocab':{'a':0,'b':1,'ab':2}";

    private static Tokenizer read(String singleQuoted) {
        return Tokenizer.read(new StringReader(singleQuoted.replace('\'', '"')));
    }

    private static String model(String more) {
        return "{'model':{" + VOCABULARY + ",'merges':[]" + more + "}}";
    }

    private static String with(String part) {
        return "{" + part + ",'model':{" + VOCABULARY + ",'merges':['a b']}}";
    }

    @Test
    void theSmallestFileIsEnough() {
        assertThat(read("{'model':{'vocab':{'a':0,'b':1,'ab':2},'merges':['a b']}}")
                        .encode("aabc"))
                .containsExactly(0, 2);
        assertThat(read("{'model':{'vocab':{},'merges':[]}}").encode("text")).isEmpty();
    }

    @Test
    void anAddedTokenThatIsTooLongIsRefusedByName() {
        assertThatThrownBy(() -> read("{'added_tokens':[{'id':3,'content':'" + "a".repeat(100_000) + "'}],'model':{"
                        + VOCABULARY + ",'merges':[]}}"))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining("added_tokens")
                .hasMessageContaining("content");
    }

    @Test
    void aPatternThatPutsOffTooMuchIsStoppedByACount() {
        String body = "(?:(?:bb)??" + "(?:bb)??".repeat(300) + "a)+";
        Tokenizer hostile = read(with("'pre_tokenizer':{'type':'Split','pattern':{'Regex':'" + body
                + "'},'behavior':'Isolated','invert':false}"));
        assertThatThrownBy(() -> hostile.encode("a".repeat(200_000)))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining("pre_tokenizer");
    }

    @Test
    void aPatternThatTriesTooManyWaysIsStoppedByACount() {
        Tokenizer hostile = read(with("'pre_tokenizer':{'type':'Split','pattern':{'Regex':'(?:a+)+b'},"
                + "'behavior':'Isolated','invert':false}"));
        assertThatThrownBy(() -> hostile.encode("a".repeat(60)))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining("pre_tokenizer")
                .hasMessageContaining("steps");
    }

    @Test
    void mergesMayComeBeforeTheVocabulary() {
        assertThat(read("{'model':{'merges':[['a','b']],'vocab':{'a':0,'b':1,'ab':2}}}")
                        .encode("ab"))
                .containsExactly(2);
    }

    @Test
    void unknownKeysAreIgnored() {
        assertThat(read("{'version':'9','x':[{'y':1}],'model':{'z':{},'vocab':{'a':0},'merges':[]}}")
                        .encode("a"))
                .containsExactly(0);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'normalizer':{'type':'BertNormalizer'}|normalizer: the normalizer BertNormalizer is not supported",
                "'normalizer':{'type':'Precompiled'}|normalizer: the normalizer Precompiled",
                "'normalizer':{'type':'Sequence','normalizers':[{'type':'Nmt'}]}|normalizer.normalizers[0]: the normalizer Nmt",
                "'normalizer':{'type':'Replace','pattern':{'String':''},'content':''}|normalizer.pattern.String: expected a text",
                "'normalizer':{'type':'Replace','pattern':{'Regex':'^a'},'content':''}|normalizer.pattern.Regex: an anchor",
                "'normalizer':'NFC'|normalizer.type: is missing",
                "'pre_tokenizer':{'type':'UnicodeScripts'}|pre_tokenizer: the pre-tokenizer UnicodeScripts",
                "'pre_tokenizer':{'type':'Split','pattern':{'String':'a'},'behavior':'Odd'}|pre_tokenizer.behavior: the behavior Odd",
                "'pre_tokenizer':{'type':'Split','behavior':'Removed'}|pre_tokenizer.pattern: is missing",
                "'pre_tokenizer':{'type':'ByteLevel','use_regex':1}|pre_tokenizer.use_regex: expected true or false, found 1",
                "'pre_tokenizer':{'type':'Metaspace','replacement':'ab'}|pre_tokenizer.replacement: expected one character",
                "'pre_tokenizer':{'type':'Sequence','pretokenizers':[{'type':'ByteLevel'},{'type':'Whitespace'}]}|pre_tokenizer.pretokenizers[0]: a ByteLevel step",
                "'decoder':{'type':'WordPiece'}|decoder: the decoder WordPiece is not supported",
                "'decoder':{'type':'Strip','content':' ','start':-1,'stop':0}|decoder.start: expected a count",
                "'post_processor':{'type':'Odd'}|post_processor: the post-processor Odd",
                "'post_processor':{'type':'RobertaProcessing','cls':['a',7],'sep':['b',1]}|post_processor.cls[1]: expected the id of a token",
                "'post_processor':{'type':'TemplateProcessing','single':[]}|post_processor.single: expected the text A",
                "'added_tokens':[{'id':0,'content':'b'}]|added_tokens[0].id: expected 1",
                "'added_tokens':[{'id':2,'content':'c'}]|added_tokens[0]: the id 2 belongs to two tokens: ab and c",
                "'added_tokens':[{'id':99999999,'content':'c'}]|added_tokens[0]: expected an id in",
                "'added_tokens':[{'content':'c'}]|added_tokens[0].id: is missing",
                "'normalizer':{'type':'Prepend','prepend':'\\ud800'}|normalizer.prepend: half of a surrogate pair",
                "'added_tokens':[{'id':3,'content':'\\ud800'}]|added_tokens[0].content: half of a surrogate pair",
                "'added_tokens':{}|added_tokens: expected an array",
                "'added_tokens':[{'id':3,'content':'c'},{'id':3,'content':'c'}]|added_tokens[1]: an added token that is there twice",
            })
    void partsThatAreNotKnownAreRefusedByName(String part, String message) {
        assertRefused(with(part), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                ",'type':'Unigram'|model.type: the model Unigram is not supported",
                ",'dropout':0.1|model.dropout: dropout is not supported",
                ",'continuing_subword_prefix':'##'|model.continuing_subword_prefix: ",
                ",'end_of_word_suffix':'</w>'|model.end_of_word_suffix: ",
                ",'unk_token':'?'|model.unk_token: expected a token of model.vocab",
                ",'fuse_unk':'yes'|model.fuse_unk: expected true or false",
                ",'merges':[]|model.merges: expected one array",
            })
    void modelsThatAreNotKnownAreRefusedByName(String more, String message) {
        assertRefused(model(more), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'model':{'vocab':{'a':0},'merges':['a b']}}|model.merges[0]: the token b is not in model.vocab",
                "{'model':{'vocab':{'a':0,'b':1},'merges':['a b']}}|model.merges[0]: the token ab is not in model.vocab",
                "{'model':{'vocab':{'a':0,'b':1},'merges':['a']}}|model.merges[0]: expected two tokens",
                "{'model':{'vocab':{'a':0,'b':1},'merges':[['a']]}}|model.merges[0]: expected two tokens",
                "{'model':{'vocab':{'a':0,'b':0},'merges':[]}}|model.vocab: the id 0 belongs to two tokens: a and b",
                "{'model':{'vocab':{'a':0,'a':1},'merges':[]}}|model.vocab: the token a is there twice",
                "{'model':{'vocab':{'a':-1},'merges':[]}}|model.vocab: expected an id in",
                "{'model':{'vocab':{'a':1.5},'merges':[]}}|model.vocab: expected an integer as the id of a",
                "{'model':{'vocab':[['a',0.1]],'type':'Unigram'}}|model.vocab: expected one object",
                "{'model':{'vocab':{'a':0}}}|model.merges: is missing",
                "{'version':'1'}|model: is missing",
                "[]|expected an object",
                "{'model':|line 1, column 10: expected JSON, found a fault: ",
            })
    void brokenFilesAreRefusedByName(String file, String message) {
        assertRefused(file, message);
    }

    private static void assertRefused(String file, String message) {
        assertThatThrownBy(() -> read(file))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageStartingWith("tokenizer.json: ")
                .hasMessageContaining(message);
    }

    @Test
    void aMissingFileIsNamed(@TempDir Path folder) throws IOException {
        assertThatThrownBy(() -> Tokenizer.load(folder.resolve("tokenizer.json")))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining("does not exist");
        Path broken = Files.write(folder.resolve("broken.json"), new byte[] {'{', '"', (byte) 0xFF, '"'});
        assertThatThrownBy(() -> Tokenizer.load(broken))
                .isInstanceOf(ModelLoadException.class)
                .hasMessage("tokenizer.json: expected UTF-8, found bytes that are not");
        Path late = Files.write(
                folder.resolve("late.json"),
                ("{\"x\":\"" + "a".repeat(50_000) + "\u00e9\"}").getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> Tokenizer.load(late))
                .isInstanceOf(ModelLoadException.class)
                .hasMessage("tokenizer.json: expected UTF-8, found bytes that are not");
    }

    @Test
    void tenMillionTimesOneLetterIsNoTrouble() {
        Tokenizer tokenizer = Tokenizer.read(new StringReader(TokenizerFamily.LLAMA3.json(0)));
        int[] ids = tokenizer.encode("a".repeat(10_000_000));
        assertThat(tokenizer.decode(ids, false)).hasSize(10_000_000);
    }

    @Test
    void loneSurrogatesCountAsReplacementCharacters() {
        Tokenizer tokenizer = Tokenizer.read(new StringReader(TokenizerFamily.GPT2.json(0)));
        assertThat(tokenizer.encode("a\uD83D b\uDE00\uD83D\uDE00\uD83D"))
                .isEqualTo(tokenizer.encode("a\uFFFD b\uFFFD\uD83D\uDE00\uFFFD"));
    }

    @Test
    void bytesOfTokensJoinedAreTheText() {
        for (TokenizerFamily family : List.of(TokenizerFamily.O200K, TokenizerFamily.GEMMA)) {
            Tokenizer tokenizer = Tokenizer.read(new StringReader(family.json(0)));
            RandomTexts texts = new RandomTexts(5);
            for (int i = 0; i < 300; i++) {
                int[] ids = tokenizer.encode(texts.next().replace("[", "(").replace('\u2581', '_'));
                IncrementalDecoder decoder = new IncrementalDecoder();
                StringBuilder text = new StringBuilder();
                for (int id : ids) {
                    text.append(decoder.append(tokenizer.bytes(id)));
                }
                assertThat(text.append(decoder.flush()).toString()).isEqualTo(tokenizer.decode(ids, false));
            }
        }
    }

    @Test
    void manyThreadsGetTheSameIds() throws Exception {
        Tokenizer tokenizer = Tokenizer.read(new StringReader(TokenizerFamily.QWEN2.json(0)));
        Tokenizer alone = Tokenizer.read(new StringReader(TokenizerFamily.QWEN2.json(0)));
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<List<List<Integer>>>> results = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                results.add(threads.submit(() -> encodeTexts(tokenizer)));
            }
            List<List<Integer>> expected = encodeTexts(alone);
            for (Future<List<List<Integer>>> result : results) {
                assertThat(result.get()).isEqualTo(expected);
            }
        } finally {
            threads.shutdown();
        }
    }

    private static List<List<Integer>> encodeTexts(Tokenizer tokenizer) {
        RandomTexts texts = new RandomTexts(9);
        List<List<Integer>> ids = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            ids.add(Arrays.stream(tokenizer.encode(texts.next())).boxed().toList());
        }
        return ids;
    }
}
