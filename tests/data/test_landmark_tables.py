"""Landmarks in fcsv, CSV and JSON: frames are stated or refused, bad rows are named by file, row and column."""

import pytest

from pipeline.data.csv_rows import headings
from pipeline.data.fcsv import read_fcsv
from pipeline.data.markups import read_markups
from pipeline.data.nnlandmark import read_nnlandmark
from pipeline.data.points_csv import read_points_csv
from pipeline.data.points_file import read_points_file
from pipeline.data.points_json import read_points_json
from pipeline.errors import DataError

FCSV = """# Markups fiducial file version = 4.11
# CoordinateSystem = {frame}
# columns = id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID
1,1.5,-2,3,0,0,0,1,1,1,0,"a, left",,
2,4,5,6,0,0,0,1,1,1,0,b,,
"""


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("frame", "sign"), [("LPS", 1), ("1", 1), ("RAS", -1), ("0", -1)])
def test_fcsv_frames_are_words_or_numbers(tmp_path, frame, sign):
    points, _ = read_fcsv(written(tmp_path / "a.fcsv", FCSV.format(frame=frame)))
    assert points == {"a, left": (1.5 * sign, -2 * sign, 3), "b": (4 * sign, 5 * sign, 6)}


def test_fcsv_without_a_frame_is_refused_unless_the_user_says_it(tmp_path):
    path = written(tmp_path / "a.fcsv", FCSV.replace("# CoordinateSystem = {frame}\n", ""))
    with pytest.raises(DataError, match="frame=LPS or frame=RAS"):
        read_fcsv(path)
    assert read_fcsv(path, "RAS")[0]["b"] == (-4, -5, 6)


def test_an_fcsv_that_states_both_frames_is_refused_with_both_lines(tmp_path):
    twice = FCSV.format(frame="RAS") + "# CoordinateSystem = {frame}\n3,7,8,9,0,0,0,1,1,1,0,c,,\n"
    with pytest.raises(DataError, match=r"a\.fcsv: line 2 states RAS and line 6 states LPS\. Write all"):
        read_fcsv(written(tmp_path / "a.fcsv", twice.format(frame=1)))
    assert read_fcsv(written(tmp_path / "a.fcsv", twice.format(frame=0)))[0]["c"] == (-7, -8, 9)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (("{frame}", "2"), "frame '2'"),
        (("label", "name"), "columns = "),
        (("2,4,5,6", "2,4,x,6"), "line 5, column y: 'x'"),
        (("2,4,5,6", "2,4,nan,6"), "line 5, column y: 'nan'"),
        ((",b,,", ",,,"), "line 5: no label"),
        ((",b,,", ',"a, left",,'), "occurs twice"),
        (("2,4,5,6,0,0,0,1,1,1,0,b,,", "2,4"), "line 5: no label"),
        (("2,4,5,6", "2,4,0,5,0,6,0"), "line 5: ends in .*, which no column is for"),
        (("2,4,5,6", "2,4,5,6,0"), "line 5: ends in .*decimal point"),
        (("2,4,5,6,0,0,0,1,1,1,0,b,,", "2;4,5;5;6;0;0;0;1;1;1;0;b;;"), "line 5: its cells lie between semicolons"),
        (("2,4,5,6,0,0,0,1,1,1,0,b,,", "2,4,5,6,0,0,0,1,1,1,0,b,,".replace(",", "\t")), "line 5: .* tabs. Put commas"),
        (("2,4,5,6,0,0,0,1,1,1,0,b,,", "2,4,5,6,0,0,0,1,1,1,0,,a;b,"), "line 5: no label"),
        ((",b,,", ',"b,,'), "line 5: not readable as CSV: .* Close its quotes"),
        ((",b,,", ",b,,,4,0"), "line 5: ends in '4,0'"),
        ((",b,,", ",b,,,2,0,1"), "line 5: ends in '2,0,1'"),
    ],
)
def test_a_broken_fcsv_is_refused_by_line(tmp_path, edit, message):
    path = written(tmp_path / "a.fcsv", FCSV.replace(*edit).replace("{frame}", "LPS"))
    with pytest.raises(DataError, match=message) as caught:
        read_fcsv(path)
    assert "a.fcsv" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "found"),
    [(0, {}), (1, {}), (2, {"b": (4, 5, 6)}), (3, {"b": None})],
)
def test_the_position_status_of_an_fcsv_means_what_it_does_in_markups(tmp_path, status, found):
    text = FCSV.format(frame="LPS").replace('left",,', 'left",,,2,0').replace(",b,,", f",b,,,{status},0")
    assert read_fcsv(written(tmp_path / "a.fcsv", text))[0] == {"a, left": (1.5, -2, 3)} | found


@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize("name", ["", "b"])
def test_a_row_of_an_fcsv_that_nobody_placed_needs_no_name_of_its_own(tmp_path, status, name):
    header, rows = FCSV.format(frame="LPS").split("1,1.5", 1)
    unplaced = f"3,0,0,0,0,0,0,1,1,1,0,{name},,,{status},0\n"
    path = written(tmp_path / "a.fcsv", f"{header}{unplaced}1,1.5{rows}{unplaced}")
    assert read_fcsv(path)[0] == {"a, left": (1.5, -2, 3), "b": (4, 5, 6)}


@pytest.mark.parametrize(
    ("letters", "told"), [("latin-1", "line 4: .*Latin-1 or another"), ("utf-16", "line 1: .*UTF-16")]
)
def test_an_fcsv_that_is_not_in_utf8_is_refused_by_line(tmp_path, letters, told):
    (tmp_path / "a.fcsv").write_bytes(FCSV.format(frame="LPS").replace("a, left", "Öhr").encode(letters))
    with pytest.raises(DataError, match=rf"a\.fcsv: {told}\. Save it as UTF-8"):
        read_fcsv(tmp_path / "a.fcsv")


@pytest.mark.parametrize(
    "text",
    [
        "case,landmark,x,y,z\nc1,a,1,2,3\nc1,b,absent,absent,absent\nc2,a,4,5,6\n",
        "landmark;z_mm;y_mm;x_mm;case;volume\na;3;2;1;c1;9\nb;absent;Absent;absent;c1;9\n\na;6;5;4;c2;9\n",
        "\ufeff# frame = LPS\ncase\tlandmark\tx_mm_nominal\ty_mm_nominal\tz_mm_nominal\n"
        "c1\ta\t1\t2\t3\nc1\tb\tabsent\tabsent\tabsent\nc2\ta\t4\t5\t6\n",
        "case,landmark,x,y,z,,,note,note\nc1,a,1,2,3,,,,\nc1,b,absent,absent,absent,,,,\nc2,a,4,5,6,,,,\n",
        'case,landmark,x,y,z,note\nc1,a,1,2,3,"seen\n# twice\n\n, so"\nc1,b,absent,absent,absent,\nc2,a,4,5,6,5" off\n',
        ",,,,\ncase,landmark,x,y,z\nc1,a,1,2,3\n , ,,,\nc1,b,absent,absent,absent\nc2,a,4,5,6\n,,,,\n,,,,\n",
        "case;a_x;a_y;a_z;b_x;b_y;b_z\nc1;1;2;3;absent;absent;absent\nc2;4;5;6;;;\n;;;;;;\n;;;;;;\n",
        "\ufeffsep=;\r\ncase;landmark;x;y;z\r\nc1;a;1,0;2;3,00E+00\r\nc1;b;absent;absent;absent\r\nc2;a;4;5,0;6\r\n",
        "case\ta_x\ta_y\ta_z\tb_x\tb_y\tb_z\nc1\t1,0\t2,0\t3,0\tabsent\tabsent\tabsent\nc2\t4,0\t5,0\t6,0\t\t\t\n",
        '"sep=\t"\ncase\tlandmark\tx\ty\tz\nc1\ta\t1\t2\t3\nc1\tb\tabsent\tabsent\tabsent\nc2\ta\t4\t5\t6\n',
    ],
)
def test_a_csv_is_read_by_its_headers(tmp_path, text):
    table = read_points_csv(written(tmp_path / "landmarks.csv", text))
    assert table.cases == {"c1": {"a": (1, 2, 3), "b": None}, "c2": {"a": (4, 5, 6)}}
    assert not table.problems and table.frame == ("LPS" if "LPS" in text else None)


def test_commas_beside_points_may_part_thousands_and_names_may_have_them(tmp_path):
    text = "case;landmark;x;y;z\n1,5;a,b;1,0;2,5;-3\n"
    assert read_points_csv(written(tmp_path / "a.csv", text)).cases == {"1,5": {"a,b": (1, 2.5, -3)}}
    table = read_points_csv(written(tmp_path / "a.csv", text + "1,5;c;1.5;2;3\n"))
    assert "column x, landmark 'a,b': '1,0' is not a finite number" in table.problems["1,5"][0]
    table = read_points_csv(written(tmp_path / "a.csv", text + "1,5;c;1,250,000;2;3\n"))  # nor where one has two
    assert "column x, landmark 'a,b': '1,0' is not a finite number" in table.problems["1,5"][0]


@pytest.mark.parametrize("axes", [("x",), ("x", "y"), ("x", "y", "z")])
def test_decimal_commas_in_quotes_are_read_unless_they_may_part_thousands(tmp_path, axes):
    def read(*numbers):
        rows = [f"c{i},a,{','.join([number] * len(axes))}" for i, number in enumerate(numbers)]
        text = "\n".join([",".join(("case", "landmark", *axes)), *rows]) + "\n"
        return read_points_csv(written(tmp_path / "a.csv", text))

    assert read('"-10,25"', '"1,023"', "7").cases["c1"] == {"a": (1.023,) * len(axes)}
    for other in ("1.5", '"1,250,000"', "998"):  # the last shows neither
        message = read('"1,023"', other).problems["c0"][0]
        assert "'1,023' is not a finite number" in message and message.endswith("has a point or may be of thousands.")
    assert "write numbers with a point" in read("-10,25").problems["c0"][0]


@pytest.mark.parametrize(
    ("text", "unsaid"),
    [
        ("case,landmark,x,y,z\nc,a,NA,NA,NA\n", "take the row away"),
        ("case,a_x,a_y,a_z\nc,NA,NA,NA\n", "leave its cells empty"),
    ],
)
def test_absent_is_what_somebody_looked_for(tmp_path, text, unsaid):
    table = read_points_csv(written(tmp_path / "a.csv", text))
    said = f"'NA' is not a finite number. Correct it, or {unsaid} if nobody looked; if somebody did and it is not"
    assert said in table.problems["c"][0]


@pytest.mark.parametrize(("encoding", "named"), [("utf-16", "UTF-16"), ("latin-1", "Latin-1 or another")])
def test_a_table_in_another_encoding_says_so(tmp_path, encoding, named):
    for name, read, word in (("a.csv", read_points_csv, "text"), ("b.csv", headings, "a table")):
        (tmp_path / name).write_bytes("case,landmark,x,y,z\nM\xfcller,a,1,2,3\n".encode(encoding))
        with pytest.raises(DataError, match=rf"{name}: cannot be read as {word}: .* in {named}. Save it as UTF-8"):
            read(tmp_path / name)


def test_a_csv_of_flat_images_has_two_coordinates(tmp_path):
    table = read_points_csv(written(tmp_path / "a.csv", "case,landmark,x,y\nc,a,1,2\n"), "RAS")
    assert table.in_lps("RAS") == {"c": {"a": (-1, -2)}}


def test_a_csv_states_its_frame_in_a_column_or_a_comment(tmp_path):
    column = written(tmp_path / "a.csv", "case,landmark,x,y,z,frame\nc,a,1,2,3,ras\n")
    comment = written(tmp_path / "b.csv", "#frame: RAS\ncase,landmark,x,y,z\nc,a,1,2,3\n")
    assert read_points_csv(column).frame == read_points_csv(comment).frame == "RAS"
    with pytest.raises(DataError, match="states RAS, but frame=LPS"):
        read_points_csv(comment, "LPS")
    with pytest.raises(DataError, match="frame 'up'"):
        read_points_csv(comment, "up")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("c1,a,1,2,nan", r"a\.csv: row 3, column z, landmark 'a': 'nan'"),
        ("c1,a,1,two,3", "row 3, column y, landmark 'a': 'two'"),
        ("c1,a,1,1_2,3", "row 3, column y, landmark 'a': '1_2'"),
        ("c1,a,1,2", "row 3, column z, landmark 'a': ''"),
        ("c1,a,1,2,inf", "column z"),
        ("c1,a,absent,2,3", "column x, landmark 'a': 'absent'"),
        ("c0,b,1,2,3", "row 3: landmark 'b' of case 'c0' occurs twice"),
    ],
)
def test_a_bad_row_is_a_problem_of_its_case_alone(tmp_path, row, message):
    import re

    table = read_points_csv(written(tmp_path / "a.csv", f"case,landmark,x,y,z\nc0,b,1,1,1\n{row}\nc2,a,1,2,3\n"))
    case = row.split(",")[0]
    assert list(table.problems) == [case] and re.search(message, table.problems[case][0])
    assert table.cases["c2"] == {"a": (1, 2, 3)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("a,b,c\n1,2,3\n", "columns are a,b,c"),
        ("case,landmark,x,z\nc,a,1,2\n", "columns are"),
        ("case,landmark,x,y,z\n,a,1,2,3\n", "row 2: no case"),
        ("case,landmark,x,y,z\nc,,1,2,3\n", "row 2: no landmark"),
        ("case,landmark,x,y,z,frame\nc,a,1,2,3,LPS\nc,b,1,2,3,RAS\n", "both LPS and RAS"),
        ("case,landmark,x,y,z,frame\nc,a,1,2,3,\n", "row 2: frame ''"),
        ("case,landmark,x,y,z,x\nc,a,1,2,3,4\n", "columns are .* each once"),
        ("case,landmark,x,y,z,frame,frame\nc,a,1,2,3,LPS,RAS\n", "columns are .* each once"),
        ('case,landmark,x,y,z,n\nc,a,1,2,3,"open\nd,a,1,2,3,\n', "row 2: not readable as CSV: unexpected end"),
        ('case,landmark,x,y,z,n\nc,a,1,2,3,"open\nd,a,1,2,3,"shut"\n', "row 2: not readable as CSV"),
    ],
)
def test_a_csv_nobody_can_read_is_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_points_csv(written(tmp_path / "a.csv", text))


def test_json_positions_and_nulls(tmp_path):
    path = written(tmp_path / "a.json", '{"frame": "RAS", "c1": {"a": [1, 2, 3], "b": null}, "c2": {}}')
    table = read_points_json(path)
    assert table.in_lps(table.frame) == {"c1": {"a": (-1, -2, 3), "b": None}, "c2": {}}


def test_a_bad_point_in_json_is_a_problem_of_its_case(tmp_path):
    text = '{"c1": {"a": [1, "x", 3]}, "c2": {"a": 5}, "c3": {"a": [1, 2, NaN]}, "c4": {"a": [1, 2, 3]}}'
    table = read_points_json(written(tmp_path / "a.json", text))
    assert sorted(table.problems) == ["c1", "c2", "c3"] and "c1.a, y" in table.problems["c1"][0]
    assert table.frame is None and table.cases["c4"] == {"a": (1, 2, 3)}


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_points_json, '{"c1": {"a": [1,1,1]}, "c1": {"b": [2,2,2]}}'),
        (lambda path: read_nnlandmark(path, {}), '{"c1": {"a": [1,1,1], "a": [2,2,2]}}'),
        (
            read_points_file,
            '{"version":1,"frame":"image","landmarks":{"a":{"position":[1,1]},"a":{"position":[7,7]}}}',
        ),
        (read_markups, '{"markups":[{"controlPoints":[{"label":"a","position":[1,2,3],"position":[4,5,6]}]}]}'),
    ],
)
def test_a_name_that_stands_twice_in_json_is_refused(tmp_path, read, text):
    with pytest.raises(DataError, match=r"a\.json: not readable as JSON: \['.*'\] occur twice in one object"):
        read(written(tmp_path / "a.json", text))


@pytest.mark.parametrize("position", ['"12"', "5", "[1, NaN]"])
def test_a_position_of_a_points_file_that_is_none_is_refused(tmp_path, position):
    text = f'{{"version":1,"frame":"image","landmarks":{{"a":{{"position":{position}}}}}}}'
    with pytest.raises(DataError, match=r"a\.points\.json: a: "):
        read_points_file(written(tmp_path / "a.points.json", text))


def markups(status):
    point = f'{{"label": "a", "position": ["?", 5, 6], "positionStatus": "{status}"}}'
    return f'{{"markups": [{{"controlPoints": [{point}]}}]}}'


def points(position):
    return f'{{"version": 1, "frame": "image", "landmarks": {{"a": {{"position": {position}}}}}}}'


ROW = "# CoordinateSystem = LPS\n1,?,5,6,0,0,0,1,1,1,0,a,,"
TABLE = "case,landmark,x,y\nc,a,"


@pytest.mark.parametrize(
    ("name", "read", "bad", "advice", "mended"),
    [
        ("a.mrk.json", read_markups, markups("defined"), "positionStatus to 'missing'", markups("missing")),
        ("a.fcsv", read_fcsv, ROW, "let its row end in ,3,0 ", f"{ROW},3,0"),
        ("a.points.json", read_points_file, points('["?", 5]'), "write null in place of the list", points("null")),
        ("landmarks.json", read_points_json, '{"c": {"a": ["?", 5, 6]}}', "write null in place", '{"c": {"a": null}}'),
        ("landmarks.csv", read_points_csv, f"{TABLE}?,5", "write 'absent'", f"{TABLE}absent,absent"),
    ],
)
def test_beside_a_bad_coordinate_stands_how_its_file_says_absent(tmp_path, name, read, bad, advice, mended):
    def said(text):
        try:
            found = read(written(tmp_path / name, text))
        except DataError as error:
            return str(error)
        return found[0] if isinstance(found, tuple) else (found.problems.get("c") or [found.cases["c"]])[0]

    assert "'?' is not a finite number" in said(bad) and advice in said(bad)
    assert said(mended) == {"a": None}


@pytest.mark.timeout(15)
def test_a_name_that_stands_twice_among_many_is_found_at_once(tmp_path):
    names = ",".join(f'"c{number}": {{}}' for number in [*range(50_000), 7])
    with pytest.raises(DataError, match=r"\['c7'\] occur twice"):
        read_points_json(written(tmp_path / "a.json", f"{{{names}}}"))


@pytest.mark.parametrize(
    "text", ["", "[]", '{"c1": [1, 2, 3]}', '{"frame": "up"}', '{"c1": {"a": [1,2,3], "a": null}}']
)
def test_json_of_another_kind_is_refused(tmp_path, text):
    with pytest.raises(DataError, match=r"a\.json"):
        read_points_json(written(tmp_path / "a.json", text))
