use super::*;

fn flags(pairs: &[(&str, &str)]) -> Layer {
    let (layer, _) =
        Layer::from_variables(pairs.iter().map(|(name, value)| (variable(name), (*value).to_owned()))).unwrap();
    layer
}

fn from_environment(pairs: &[(&str, &str)]) -> Result<Settings, SettingError> {
    let nowhere = tempfile::tempdir().unwrap();
    let file = nowhere.path().join("gpting.toml");
    std::fs::write(&file, "").unwrap();
    Settings::load(
        &Layer::default(),
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        Some(&file),
    )
}

fn refused(pairs: &[(&str, &str)]) -> String {
    from_environment(pairs).unwrap_err().to_string()
}

#[test]
fn flags_go_over_variables_over_the_file_over_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gpting.toml");
    std::fs::write(
        &file,
        "listen = \"127.0.0.1:3\"\nadmin_listen = \"127.0.0.1:4\"\nlog = \"json\"\nws_query_token = false\n\
         allowed_origins = [\"https://a.example\", \"https://B.example:8443/\"]\n",
    )
    .unwrap();
    let variables = [("GPTING_LISTEN", "127.0.0.1:2"), ("GPTING_ADMIN_LISTEN", "127.0.0.1:5"), ("PATH", "/bin")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::load(&flags(&[("listen", "127.0.0.1:1")]), variables, Some(&file)).unwrap();
    assert_eq!(settings.listen.port(), 1);
    assert_eq!(settings.admin_listen.unwrap().port(), 5);
    assert_eq!(settings.log, LogFormat::Json);
    assert!(!settings.ws_query_token && settings.rate_limits);
    assert_eq!(settings.allowed_origins, ["https://a.example", "https://b.example:8443"]);
    let origins: Vec<_> = settings.effective().iter().map(|setting| (setting.name, setting.origin)).collect();
    for expected in [("listen", "flag"), ("admin_listen", "environment"), ("log", "file"), ("data_dir", "default")] {
        assert!(origins.contains(&expected), "{expected:?} in {origins:?}");
    }
}

#[test]
fn the_defaults_are_those_documented() {
    let settings = from_environment(&[]).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8000");
    assert_eq!(settings.admin_listen.unwrap().to_string(), "127.0.0.1:9000");
    assert!(matches!(&settings.database, Database::Sqlite(path) if path == Path::new("./gpting-data/gpting.db")));
    assert_eq!(settings.photos, Photos::Folder("./gpting-data/photos".into()));
    assert_eq!(settings.mail_dir(), Path::new("./gpting-data/mail"));
    assert_eq!(settings.index_snapshot, Some(Duration::from_mins(15)));
    assert_eq!(settings.web_url(settings.listen), "http://127.0.0.1:8000/");
    assert_eq!(settings.web_url("0.0.0.0:80".parse().unwrap()), "http://127.0.0.1:80/");
    assert_eq!(settings.effective().len(), Layer::NAMES.len());
}

#[test]
fn an_unknown_key_of_the_file_is_an_error_and_a_missing_file_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gpting.toml");
    assert!(Settings::load(&Layer::default(), [], Some(&file)).is_err(), "a file that was named must be there");
    std::fs::write(&file, "listne = \"127.0.0.1:1\"").unwrap();
    let error = Settings::load(&Layer::default(), [], Some(&file)).unwrap_err().to_string();
    assert!(error.contains("`listne`"), "{error}");
    std::fs::write(&file, "listen = [").unwrap();
    assert!(Settings::load(&Layer::default(), [], Some(&file)).is_err());
    assert!(Layer::from_file(&folder.path().join("other.toml"), false).unwrap().listen.is_none());
}

#[test]
fn misspelt_variables_are_told() {
    let settings = from_environment(&[("GPTING_LISTNE", "x"), ("OTHER", "y")]).unwrap();
    assert_eq!(settings.unknown_variables, ["GPTING_LISTNE"]);
}

#[test]
fn limits_go_off_only_on_loopback() {
    let off = |listen| from_environment(&[("GPTING_RATE_LIMITS", "off"), ("GPTING_LISTEN", listen)]);
    assert!(!off("127.0.0.1:8000").unwrap().rate_limits);
    assert!(!off("[::1]:8000").unwrap().rate_limits);
    for open in ["0.0.0.0:8000", "[::]:8000", "192.168.1.2:8000"] {
        assert!(off(open).unwrap_err().to_string().starts_with("GPTING_RATE_LIMITS"), "{open}");
    }
}

#[test]
fn what_cannot_be_used_is_refused_by_name() {
    for (name, value) in [
        ("GPTING_LISTEN", "8000"),
        ("GPTING_ADMIN_LISTEN", "nowhere"),
        ("GPTING_DATABASE_URL", "mysql://localhost"),
        ("GPTING_DATABASE_URL", "sqlite::memory:"),
        ("GPTING_BUS_URL", "postgres"),
        ("GPTING_BUS_URL", "nats://localhost"),
        ("GPTING_BUS_URL", "redis://localhost/x"),
        ("GPTING_SMTP_URL", "http://localhost"),
        ("GPTING_MAIL_FROM", "nobody"),
        ("GPTING_PUBLIC_URL", "dating.example"),
        ("GPTING_BLOB_URL", "s3://"),
        ("GPTING_BLOB_URL", "s3://user:secret@bucket"),
        ("GPTING_BLOB_URL", "s3://bucket/../other"),
        ("GPTING_BLOB_URL", "gs://bucket"),
        ("GPTING_LOG", "xml"),
        ("GPTING_WS_QUERY_TOKEN", "maybe"),
        ("GPTING_TRUSTED_PROXIES", "10.0.0.0/64"),
        ("GPTING_ALLOWED_ORIGINS", "*"),
        ("GPTING_ALLOWED_ORIGINS", "https://a.example/path"),
        ("GPTING_LLM_URL", "localhost"),
        ("GPTING_LLM_URL", "http://vllm:8000"),
        ("GPTING_LLM_URL", "https://llm.example/v1?key=k"),
    ] {
        let mut pairs = vec![(name, value)];
        if name == "GPTING_SMTP_URL" {
            pairs.push(("GPTING_MAIL_FROM", "a@example.com"));
        }
        let error = refused(&pairs);
        assert!(error.starts_with(name), "{name}={value}: {error}");
    }
    assert!(refused(&[("GPTING_SMTP_URL", "smtp://localhost")]).starts_with("GPTING_MAIL_FROM"));
    for name in ["GPTING_LLM_API_KEY", "GPTING_LLM_MODEL", "GPTING_LLM_PROFILE", "GPTING_EMBEDDING_MODEL"] {
        assert!(refused(&[(name, "k")]).starts_with("GPTING_LLM_URL"), "{name}");
    }
}

#[test]
fn the_bus_follows_the_store_unless_it_is_named() {
    let bus = |pairs: &[(&str, &str)]| {
        let settings = from_environment(pairs).unwrap();
        let shown = settings.effective().iter().find(|setting| setting.name == "bus_url").unwrap().value.clone();
        (settings.bus, shown.unwrap())
    };
    let on_postgres = ("GPTING_DATABASE_URL", "postgres://h/d");
    assert!(matches!(bus(&[]), (BusChoice::Local, shown) if shown == "local"));
    assert!(matches!(bus(&[on_postgres]), (BusChoice::Store, shown) if shown == "postgres"));
    assert!(matches!(bus(&[on_postgres, ("GPTING_BUS_URL", "postgres")]), (BusChoice::Store, _)));
    assert!(matches!(bus(&[on_postgres, ("GPTING_BUS_URL", "local")]), (BusChoice::Local, _)));
    assert!(matches!(bus(&[on_postgres, ("GPTING_BUS_URL", "postgres://direct/d")]), (BusChoice::Postgres(_), _)));
    for url in ["redis://localhost", "valkey://localhost/2", "redis+unix:///run/redis.sock"] {
        assert!(matches!(bus(&[("GPTING_BUS_URL", url)]), (BusChoice::Redis(_), shown) if shown == url));
    }
    assert!(!refused(&[("GPTING_BUS_URL", "rediss://u:c4nary@[")]).contains("c4nary"));
}

#[test]
fn secrets_are_shown_nowhere() {
    let canary = "c4nary-secret";
    let settings = from_environment(&[
        ("GPTING_DATABASE_URL", &format!("postgres://gpting:{canary}@db.example/gpting?sslmode=require")),
        ("GPTING_SMTP_URL", &format!("smtps://mail:{canary}@smtp.example")),
        ("GPTING_MAIL_FROM", "a@example.com"),
        ("GPTING_BUS_URL", &format!("rediss://bus:{canary}@redis.example/1")),
        ("GPTING_LLM_URL", "https://llm.example/v1"),
        ("GPTING_LLM_API_KEY", canary),
    ])
    .unwrap();
    let shown = format!("{settings:?} {:?}", settings.effective());
    assert!(!shown.contains(canary), "{shown}");
    let database = settings.effective().iter().find(|setting| setting.name == "database_url").unwrap();
    assert_eq!(database.value.as_deref(), Some("postgres://gpting:***@db.example/gpting?sslmode=require"));
    assert!(
        !refused(&[("GPTING_SMTP_URL", &format!("ftp://a:{canary}@x")), ("GPTING_MAIL_FROM", "a@example.com")])
            .contains(canary)
    );
    assert!(!format!("{:?}", flags(&[("smtp_url", canary)])).contains(canary));
    for url in [format!("https://user:{canary}@llm.example/v1"), format!("https://llm.example/v1?key={canary}")] {
        assert!(!refused(&[("GPTING_LLM_URL", &url)]).contains(canary));
    }
    assert!(!refused(&[("GPTING_LLM_URL", "http://[::1]"), ("GPTING_LLM_API_KEY", "c4nary\u{7f}")]).contains("c4nary"));
}

#[test]
fn passwords_are_cut_out_of_addresses() {
    for (value, shown) in [
        ("postgres://u:p@h/d", "postgres://u:***@h/d"),
        ("postgres://u:p/q@h/d", "postgres://u:***@h/d"),
        ("postgres://u:p@q@h/d", "postgres://u:***@h/d"),
        ("postgres://h/d?user=u&password=p", "postgres://h/d?***"),
        ("postgres://u@h/d", "postgres://u@h/d"),
        ("sqlite:///tmp/a.db", "sqlite:///tmp/a.db"),
    ] {
        assert_eq!(redacted("database_url", value), shown);
    }
}

#[test]
fn a_secret_on_the_command_line_is_refused() {
    let flags = flags(&[("database_url", "postgres://u:p@h/d")]);
    let error = Settings::load(&flags, [], None).unwrap_err().to_string();
    assert!(error.contains("command line"), "{error}");
}

#[test]
fn a_region_has_somebody() {
    let least = |people| from_environment(&[("GPTING_REGION_PEOPLE", people)]);
    assert_eq!((from_environment(&[]).unwrap().region_people, least("1").unwrap().region_people), (5_000, 1));
    for wrong in ["0", "-1", "many"] {
        assert!(least(wrong).unwrap_err().to_string().starts_with("GPTING_REGION_PEOPLE"), "{wrong}");
    }
}

#[test]
fn a_stopping_server_waits_up_to_a_minute() {
    let drain = |seconds| from_environment(&[("GPTING_DRAIN_SECONDS", seconds)]);
    assert_eq!(from_environment(&[]).unwrap().drain.as_secs(), 5);
    assert_eq!((drain("0").unwrap().drain.as_secs(), drain("60").unwrap().drain.as_secs()), (0, 60));
    for wrong in ["61", "-1", "soon", "1.5"] {
        assert!(drain(wrong).unwrap_err().to_string().starts_with("GPTING_DRAIN_SECONDS"), "{wrong}");
    }
}

#[test]
fn photos_are_in_a_folder_or_a_bucket() {
    let photos = |url| from_environment(&[("GPTING_BLOB_URL", url)]).unwrap();
    assert_eq!(photos("/srv/photos").photos, Photos::Folder("/srv/photos".into()));
    assert_eq!(photos("file:///srv/photos").photos, Photos::Folder("/srv/photos".into()));
    let bucket = photos("s3://dating-photos/eu");
    assert_eq!(bucket.photos, Photos::Bucket(Bucket::parse("dating-photos/eu").unwrap()));
    let shown = bucket.effective().iter().find(|setting| setting.name == "blob_url").unwrap();
    assert_eq!(shown.value.as_deref(), Some("s3://dating-photos/eu"));
}

#[test]
fn the_index_is_written_down_every_so_many_minutes_or_never() {
    let every = |value| from_environment(&[("GPTING_INDEX_SNAPSHOT", value)]).unwrap().index_snapshot;
    assert_eq!(
        (every("1"), every("720"), every("off")),
        (Some(Duration::from_mins(1)), Some(Duration::from_hours(12)), None)
    );
    for value in ["0", "721", "often", "-5"] {
        assert!(refused(&[("GPTING_INDEX_SNAPSHOT", value)]).contains("1 to 720 minutes"), "{value}");
    }
}

#[test]
fn a_password_in_a_url_is_seen() {
    assert!(has_password("postgres://a:secret@b/c") && has_password("postgres://b/c?password=secret"));
    assert!(!has_password("postgres://a@b/c") && !has_password("sqlite:///a/b.db"));
}

#[test]
fn a_language_model_is_there_when_it_is_named_and_can_be_used() {
    use gpting_core::assist::model::TextModel as _;
    assert!(from_environment(&[]).unwrap().llm.is_none());
    assert!(from_environment(&[("GPTING_LLM_URL", ""), ("GPTING_LLM_MODEL", " ")]).unwrap().llm.is_none());
    let ollama = ("GPTING_LLM_URL", "http://localhost:11434");
    let settings =
        from_environment(&[ollama, ("GPTING_LLM_MODEL", "qwen3:8b"), ("GPTING_EMBEDDING_MODEL", "bge-m3")]).unwrap();
    let llm = settings.llm.as_ref().unwrap();
    assert_eq!((llm.url(), llm.profile().name()), ("http://localhost:11434/v1", "ollama"));
    assert_eq!((llm.text().unwrap().name(), llm.embedder().unwrap().dims()), ("qwen3:8b", 1_024));
    let shown = |name| settings.effective().iter().find(|setting| setting.name == name).unwrap().value.clone();
    assert_eq!(shown("llm_profile").as_deref(), Some("ollama"));
    assert_eq!(shown("embedding_dims").as_deref(), Some("1024"));

    let vllm =
        [("GPTING_LLM_URL", "http://vllm:8000"), ("GPTING_LLM_PLAIN_HTTP", "on"), ("GPTING_LLM_PROFILE", "vllm")];
    assert_eq!(from_environment(&vllm).unwrap().llm.unwrap().profile().name(), "vllm");
    let own = [ollama, ("GPTING_EMBEDDING_MODEL", "of-my-own"), ("GPTING_EMBEDDING_DIMS", "99")];
    assert_eq!(from_environment(&own).unwrap().llm.unwrap().embedder().unwrap().dims(), 99);

    let openai = [("GPTING_LLM_URL", "https://api.openai.com/v1"), ("GPTING_LLM_API_KEY", "k")];
    assert!(from_environment(&openai).unwrap().llm.unwrap().moderator().is_none(), "off unless it is named");
    let moderated = [openai[0], openai[1], ("GPTING_MODERATION_MODEL", "omni-moderation-latest")];
    assert!(from_environment(&moderated).unwrap().llm.unwrap().moderator().is_some());

    for (name, pairs) in [
        ("GPTING_LLM_API_KEY", &[("GPTING_LLM_URL", "https://api.openai.com/v1")][..]),
        ("GPTING_LLM_PROFILE", &[ollama, ("GPTING_LLM_PROFILE", "gpt")]),
        ("GPTING_LLM_PLAIN_HTTP", &[ollama, ("GPTING_LLM_PLAIN_HTTP", "maybe")]),
        ("GPTING_EMBEDDING_DIMS", &[ollama, ("GPTING_EMBEDDING_MODEL", "of-my-own")]),
        ("GPTING_EMBEDDING_DIMS", &[ollama, ("GPTING_EMBEDDING_MODEL", "m"), ("GPTING_EMBEDDING_DIMS", "many")]),
        ("GPTING_EMBEDDING_DIMS", &[ollama, ("GPTING_EMBEDDING_MODEL", "bge-m3"), ("GPTING_EMBEDDING_DIMS", "3")]),
        ("GPTING_EMBEDDING_MODEL", &[ollama, ("GPTING_EMBEDDING_DIMS", "3")]),
        ("GPTING_MODERATION_MODEL", &[ollama, ("GPTING_MODERATION_MODEL", "omni-moderation-latest")]),
        ("GPTING_LLM_URL", &[("GPTING_MODERATION_MODEL", "omni-moderation-latest")]),
        ("GPTING_LLM_URL", &[("GPTING_LLM_URL", "http://10.0.0.1:8000/v1")]),
    ] {
        assert!(refused(pairs).starts_with(name), "{name}: {}", refused(pairs));
    }
}

#[test]
fn rankers_are_read_and_refused_with_the_reason() {
    assert_eq!(from_environment(&[]).unwrap().rankers.to_string(), "served=1");
    let set = from_environment(&[("GPTING_RANKERS", "served=90,harmonic=10,seed=7")]).unwrap();
    assert_eq!(set.rankers.to_string(), "served=90,harmonic=10,seed=7");
    let error = from_environment(&[("GPTING_RANKERS", "best=1")]).unwrap_err().to_string();
    assert!(error.starts_with("GPTING_RANKERS: there are the rankers served"), "{error}");
}
