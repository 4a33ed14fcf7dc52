package dev.longspan.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Texts to encode, the same at every run of one state of the project: English is what its documents and comments say, code
 * is its sources, and Chinese is made of phrases.
 */
final class SampleTexts {
    /** Names the project's root; {@code run.sh} sets it. */
    static final String ROOT = "longspan.bench.root";

    private static final Pattern COMMENT = Pattern.compile("^ *(?:/\\*\\*|\\*|//) (.*?)(?: \\*/)?$", Pattern.MULTILINE);
    private static final Pattern TAG = Pattern.compile("\\{@\\w+ ([^}]*)}");
    private static final int CHINESE_SENTENCES = 20_000;

    private static final List<List<String>> PHRASES = List.of(
            List.of("昨天下午", "去年冬天", "每天早上", "前几天", "到了夜里", "开会以前", "下雨的时候", "吃过晚饭", "春节期间", "第二天"),
            List.of("老师", "我的邻居", "那位工程师", "她的弟弟", "几个学生", "火车站的工作人员", "图书馆管理员", "医生", "小王", "村里的老人"),
            List.of("在河边", "在办公室里", "在北京", "沿着山路", "在厨房", "在网上", "在学校门口", "从上海", "在老房子里", "在飞机上"),
            List.of("发现了", "讨论", "修好了", "忘记了", "仔细阅读", "送来了", "买到", "翻译完", "想起了", "记录下"),
            List.of("一本旧书", "新的计划", "三张照片", "那台机器", "关于气候的报告", "一封很长的信", "奇怪的声音", "几道数学题", "祖父的故事", "这座城市的历史"),
            List.of(
                    ",大家都很高兴",
                    ",可是没有人相信",
                    ",然后就回家了",
                    ",因为时间不够",
                    ",结果比预想的好",
                    ",还喝了两杯茶",
                    "",
                    ",心里觉得很安静",
                    ",并且告诉了所有朋友",
                    ",用了2026年的方法"),
            List.of("。", "。", "!", "?", "……", "。\n"));

    private SampleTexts() {}

    /** {@return a text}
     *
     * @param name {@code english}, {@code code} or {@code chinese}
     */
    static String named(String name) throws IOException {
        return switch (name) {
            case "english" -> english();
            case "code" -> code();
            case "chinese" -> chinese();
            default -> throw new IllegalArgumentException("text: expected english, code or chinese, found " + name);
        };
    }

    private static String english() throws IOException {
        String comments =
                COMMENT.matcher(code()).results().map(SampleTexts::withoutTags).collect(Collectors.joining("\n"));
        return files(".md") + comments;
    }

    private static String withoutTags(MatchResult comment) {
        return TAG.matcher(comment.group(1)).replaceAll("$1");
    }

    private static String code() throws IOException {
        return files(".java");
    }

    private static String chinese() {
        SplittableRandom random = new SplittableRandom(5);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < CHINESE_SENTENCES; i++) {
            for (List<String> choice : PHRASES) {
                text.append(choice.get(random.nextInt(choice.size())));
            }
        }
        return text.toString();
    }

    private static String files(String ending) throws IOException {
        Path root = Path.of(System.getProperty(ROOT, "."));
        StringBuilder text = new StringBuilder();
        try (Stream<Path> paths = Files.walk(root)) {
            for (Path path : paths.filter(path -> path.toString().endsWith(ending))
                    .sorted()
                    .toList()) {
                if (!root.relativize(path).toString().contains("target")) {
                    text.append(Files.readString(path, StandardCharsets.UTF_8)).append('\n');
                }
            }
        }
        if (text.length() == 0) {
            throw new IllegalStateException(ROOT + ": expected the project's root, found no " + ending + " files under "
                    + root.toAbsolutePath());
        }
        return text.toString();
    }
}
