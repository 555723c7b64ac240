"""build/demo started by a script: whoever starts it there makes it ignore SIGINT, and stops it by SIGTERM."""
import glob, os, signal, subprocess
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def as_a_script_starts_it():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)    # nohup, if it was among those who started us, ignores it


@pytest.mark.parametrize("end,to_group", [(signal.SIGTERM, False), (signal.SIGHUP, True)])
def test_it_stays_up_until_it_is_told_to_end(end, to_group):
    before = set(glob.glob("/tmp/mod_mcp-demo.*"))
    demo = subprocess.Popen(["build/demo"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
                            preexec_fn=as_a_script_starts_it)
    try:
        said = []
        while not said or "stops everything" not in said[-1]:
            said.append(demo.stdout.readline())
            assert said[-1], said
        assert "kill %d" % demo.pid in said[-1]
        os.killpg(demo.pid, signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            demo.wait(2)
        (os.killpg if to_group else os.kill)(demo.pid, end)
        assert demo.wait(30) == 0 and "by itself" not in demo.stdout.read()
        assert not set(glob.glob("/tmp/mod_mcp-demo.*")) - before
    finally:
        demo.kill()
